import { expect } from 'chai';
import { concat, fromHex, hex, hexDump, Reader, sameBytes, toHex, utf8, Writer } from '../../src/bytes/index.ts';

describe('a reader', () => {
  it('reads big-endian and knows where it is', () => {
    const reader = new Reader(fromHex('01 0203 04050607 08090a0b0c0d0e0f ff'));
    expect([reader.u8(), reader.u16(), reader.u32(), reader.u64()]).to.deep.equal([1, 0x203, 0x4050607, 0x08090a0b0c0d0e0fn]);
    expect([reader.offset, reader.remaining]).to.deep.equal([15, 1]);
    expect(toHex(reader.rest())).to.equal('ff');
  });

  it('gives copies, of a Buffer too', () => {
    const source = Buffer.from([1, 2, 3]);
    const taken = new Reader(source).take(2);
    source[0] = 9;
    expect(taken).to.deep.equal(Uint8Array.of(1, 2));
  });

  it('names what it reads', () => {
    const reader = new Reader(new Uint8Array(1));
    const path = reader.at('outer', () => reader.at(2, () => reader.at('inner', () => reader.path)));
    expect(path).to.equal('outer[2].inner');
    expect(reader.path).to.equal('');
    expect(() => reader.at('field', () => reader.u16())).to.throw('field at byte 0: 2 bytes expected, 1 left');
  });

  it('lets a part be read alone, and all of it', () => {
    const reader = new Reader(fromHex('01020304'));
    reader.u8();
    expect(reader.within(2, () => reader.u16())).to.equal(0x203);
    expect(reader.u8()).to.equal(4);
    expect(() => new Reader(fromHex('0102')).within(3, () => 0)).to.throw('3 bytes expected, 2 left');
    const short = new Reader(fromHex('010203'));
    expect(() => short.within(2, () => short.u8())).to.throw('1 of 2 bytes left over');
    const over = new Reader(fromHex('010203'));
    expect(() => over.within(1, () => over.u16())).to.throw('2 bytes expected, 1 left');
  });
});

describe('a writer', () => {
  it('grows, and puts lengths before what they count', () => {
    const writer = new Writer(1);
    writer.u8(1);
    writer.sized(4, () => {
      writer.sized(2, () => writer.raw(new Uint8Array(1000)));
      writer.sized(1, () => writer.u64(5n));
    });
    const bytes = writer.done();
    expect(writer.length).to.equal(1 + 4 + 2 + 1000 + 1 + 8);
    expect(toHex(bytes.slice(0, 7))).to.equal('01000003f303e8');
    expect(toHex(bytes.slice(-9))).to.equal('080000000000000005');
  });
});

describe('hex', () => {
  it('is read with blanks and underscores', () => expect(fromHex(' 0a_0B\n0c ')).to.deep.equal(Uint8Array.of(10, 11, 12)));

  it('says what is wrong', () => {
    expect(() => fromHex('00 1g')).to.throw('"g" at digit 3 is no hex digit');
    expect(() => fromHex('123')).to.throw('odd number of hex digits (3)');
  });

  it('of numbers has a minimum of digits, and of negative ones 64 bits', () => {
    expect([hex(255), hex(255, 4), hex(10n, 1), hex(-1)]).to.deep.equal(['0xff', '0x00ff', '0xa', '0xffffffffffffffff']);
  });

  it('dumps 16 bytes a line with what is printable', () => {
    const dump = hexDump(concat(utf8('Secure VM on POWER9'), Uint8Array.of(0, 0xff)), 0x4000).split('\n');
    expect(dump).to.deep.equal([
      '00004000  53 65 63 75 72 65 20 56  4d 20 6f 6e 20 50 4f 57  |Secure VM on POW|',
      '00004010  45 52 39 00 ff                                    |ER9..|',
    ]);
    expect(hexDump(new Uint8Array(0))).to.equal('');
  });
});

describe('byte strings', () => {
  it('are the same by value', () => {
    expect([sameBytes(utf8('ab'), Buffer.from('ab')), sameBytes(utf8('ab'), utf8('abc'))]).to.deep.equal([true, false]);
    expect(concat()).to.deep.equal(new Uint8Array(0));
  });
});
