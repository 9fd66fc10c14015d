import { expect } from 'chai';
import fc from 'fast-check';
import {
  bits,
  type Codec,
  type DecodeError,
  decode,
  EMPTY,
  encode,
  type FieldSeen,
  fixed,
  fromHex,
  list,
  named,
  oneOf,
  sized,
  sizedOf,
  sizedOrEmpty,
  struct,
  tagged,
  toHex,
  UINT8,
  UINT16,
  UINT32,
  UINT64,
} from '../../src/bytes/index.ts';

const KIND = oneOf('KIND', UINT16, { NUMBER: 1, TEXT: 2, NOTHING: 3, ODD: 9 }, 'kind');
const FLAGS = bits('FLAGS', UINT8, { A: 1, B: 2, TOP: 0x80 }, { refuseReserved: true });
const POINT = struct('POINT', '§1', { x: UINT8, y: UINT16 });
const THING = tagged('THING', '§2', { id: UINT8, kind: KIND }, 'kind', { 1: { number: UINT32 }, 2: { text: sized('text') }, 3: {} });

/** fault, path and offset at which decoding stops. */
function faultOf(codec: Codec<unknown>, hex: string): Partial<DecodeError> {
  try {
    decode(codec, fromHex(hex));
  } catch (error) {
    const { name, fault, path, offset } = error as DecodeError;
    expect(name).to.equal('DecodeError');
    return { fault, path, offset };
  }
  throw new Error('it was decoded');
}

describe('a codec', () => {
  const values: readonly (readonly [Codec<never>, unknown, string])[] = [
    [UINT8, 0xab, 'ab'],
    [UINT16, 0x102, '0102'],
    [UINT32, 0xfedcba98, 'fedcba98'],
    [UINT64, 2n ** 64n - 2n, 'fffffffffffffffe'],
    [KIND, 2, '0002'],
    [FLAGS, 0x81, '81'],
    [fixed('three', 3), Uint8Array.of(1, 2, 3), '010203'],
    [sized('short'), Uint8Array.of(9), '000109'],
    [sized('one', { width: 1 }), Uint8Array.of(9), '0109'],
    [sized('four', { width: 4 }), new Uint8Array(0), '00000000'],
    [POINT, { x: 1, y: 2 }, '010002'],
    [sizedOf('2B_POINT', POINT), { x: 1, y: 2 }, '0003010002'],
    [sizedOrEmpty('2B_POINT', POINT), null, '0000'],
    [sizedOrEmpty('2B_POINT', POINT), { x: 0, y: 0 }, '0003000000'],
    [
      list('POINTS', POINT),
      [
        { x: 1, y: 2 },
        { x: 3, y: 4 },
      ],
      '00000002010002030004',
    ],
    [list('NUMBERS', UINT8, { count: UINT8 }), [7, 8], '020708'],
    [THING, { id: 5, kind: 1, number: 6 }, '05000100000006'],
    [THING, { id: 5, kind: 2, text: Uint8Array.of(65) }, '050002000141'],
    [THING, { id: 5, kind: 3 }, '050003'],
    [EMPTY, {}, ''],
  ] as never;
  for (const [codec, value, hex] of values) {
    it(`${codec.name}: ${hex || 'nothing'}`, () => {
      expect(toHex(encode(codec, value as never))).to.equal(hex);
      expect(decode(codec, fromHex(hex))).to.deep.equal(value);
    });
  }

  it('stops where the bytes are wrong, and says where', () => {
    expect(faultOf(POINT, '0100')).to.deep.equal({ fault: 'short', path: 'y', offset: 1 });
    expect(faultOf(POINT, '01000200')).to.deep.equal({ fault: 'trailing', path: '', offset: 3 });
    expect(faultOf(THING, '05000100')).to.deep.equal({ fault: 'short', path: 'number', offset: 3 });
    expect(faultOf(THING, '050004')).to.deep.equal({ fault: 'kind', path: 'kind', offset: 1 });
    expect(faultOf(THING, '050009')).to.include({ fault: 'selector' });
    expect(faultOf(FLAGS, '04')).to.deep.equal({ fault: 'reserved', path: '', offset: 0 });
    expect(faultOf(list('POINTS', POINT), '0000000201000203')).to.deep.equal({ fault: 'short', path: '[1].y', offset: 8 });
    expect(faultOf(list('POINTS', POINT, { max: 1 }), '00000002010002030004')).to.include({ fault: 'size', offset: 0 });
    expect(faultOf(sized('digest', { max: 2 }), '0003aabbcc')).to.include({ fault: 'size', offset: 0 });
    expect(faultOf(sized('digest'), '0003aabb')).to.include({ fault: 'short', offset: 2 });
    expect(faultOf(sizedOf('2B', POINT), '0000')).to.include({ fault: 'size', offset: 0 });
    expect(faultOf(sizedOf('2B', POINT), '000401000200')).to.include({ fault: 'size' });
    const nested = struct('OUTER', '', { list: list('POINTS', sizedOf('2B', POINT)) });
    expect(faultOf(nested, '00000001000301')).to.include({ path: 'list[0].POINT.y', offset: 7 });
  });

  it('puts fault, path and byte into the message', () => {
    expect(() => decode(list('KINDS', KIND), fromHex('00000001ffff'))).to.throw('[0] at byte 4: 0xffff is no KIND');
  });

  it('refuses to write what it could not read', () => {
    expect(() => encode(fixed('three', 3), Uint8Array.of(1))).to.throw(RangeError, 'three takes 3 bytes');
    expect(() => encode(THING, { id: 1, kind: 9 } as never)).to.throw(RangeError, 'THING has no variant 9');
  });

  it('tells a listener each field, inner ones first', () => {
    const seen: FieldSeen[] = [];
    decode(struct('LINE', '', { from: POINT, kind: KIND }), fromHex('0100020002'), field => seen.push(field));
    expect(seen.map(({ path, type, offset, length, text }) => [path, type, offset, length, text])).to.deep.equal([
      ['from.x', 'UINT8', 0, 1, '1'],
      ['from.y', 'UINT16', 1, 2, '2'],
      ['from', 'POINT', 0, 3, undefined],
      ['kind', 'KIND', 3, 2, 'TEXT (0x0002)'],
    ]);
  });

  it('shows values as a person reads them', () => {
    expect(UINT32.show?.(4096)).to.equal('4096 (0x00001000)');
    expect(FLAGS.show?.(0x83)).to.equal('0x83 A|B|TOP');
    expect(named('ALG', UINT16, { RSA: 1 }).show?.(1)).to.equal('RSA (0x0001)');
    expect(named('ALG', UINT16).show?.(7)).to.equal('0x0007');
    expect(sized('x').show?.(Uint8Array.of(1, 2))).to.equal('2 bytes 0102');
  });

  it('keeps bits without a name unless told to refuse them', () => {
    const kept = bits('KEPT', UINT32, { HIGH: 0x8000_0000 });
    expect(toHex(encode(kept, decode(kept, fromHex('f000000f'))))).to.equal('f000000f');
    expect(kept.show?.(0x8000_0000)).to.equal('0x80000000 HIGH');
  });

  it('gives back the value it was given', () => {
    const codec = list('THINGS', THING);
    const bytes = fc.uint8Array({ maxLength: 300 });
    const u8 = fc.integer({ min: 0, max: 255 });
    const thing = fc.oneof(
      fc.record({ id: u8, kind: fc.constant(1 as const), number: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
      fc.record({ id: u8, kind: fc.constant(2 as const), text: bytes }),
      fc.record({ id: u8, kind: fc.constant(3 as const) }),
    );
    fc.assert(
      fc.property(fc.array(thing), things => {
        expect(decode(codec, encode(codec, things))).to.deep.equal(things);
      }),
    );
  });

  it('decodes any bytes to what encodes to the same bytes, or stops with a DecodeError', () => {
    const codec = list('THINGS', sizedOf('2B', THING), { count: UINT8 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
        try {
          expect(encode(codec, decode(codec, bytes))).to.deep.equal(Uint8Array.from(bytes));
        } catch (error) {
          expect((error as Error).name).to.equal('DecodeError');
        }
      }),
    );
  });
});
