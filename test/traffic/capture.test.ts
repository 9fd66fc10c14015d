import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex, toHex } from '../../src/bytes/index.ts';
import { CaptureReader, MessageFinder, type Sighting } from '../../src/traffic/index.ts';
import { ACK, type Ends, FORMS, ipPacket, LINKS, type Sent, SYN } from './packets.ts';

const NONE = new Uint8Array(0);
const HANDSHAKE: readonly Sent[] = [
  { fromClient: true, at: -1, bytes: NONE, flags: SYN },
  { fromClient: false, at: -1, bytes: NONE, flags: SYN | ACK },
  { fromClient: true, at: 0, bytes: NONE },
];
const GET_RANDOM = fromHex('80010000000c0000017b0010');
const RANDOM = fromHex('80010000001c000000000010000102030405060708090a0b0c0d0e0f');

const wrap = (link: string, packets: readonly Sent[], ends: Ends = {}): Buffer[] =>
  packets.map(packet => Buffer.concat([(LINKS[link] as (typeof LINKS)[string]).head(ends.version ?? 4), ipPacket(packet, ends)]));
const file = (form: string, link: string, packets: readonly Buffer[]): Buffer =>
  (FORMS[form] as (typeof FORMS)[string])((LINKS[link] as (typeof LINKS)[string]).number, packets);

function read(capture: Uint8Array): { found: Sighting[]; problems: readonly string[] } {
  const reader = new CaptureReader();
  const found = [...reader.push(capture)];
  const { found: left, problems } = reader.end();
  return { found: [...found, ...left], problems };
}
const told = ({ found }: { found: readonly Sighting[] }): string[] =>
  found.map(({ direction, bytes, broken }) => `${direction} ${toHex(bytes)}${broken ? ` ${broken}` : ''}`);

/** Bytes that one end says, and then the other, in turns; each in segments. */
function talk(turns: readonly (readonly [boolean, Uint8Array])[], cutAt: (length: number) => readonly number[]): Sent[][] {
  const said = { client: 0, server: 0 };
  return turns.map(([fromClient, bytes]) => {
    const [mine, other] = fromClient ? (['client', 'server'] as const) : (['server', 'client'] as const);
    const cuts = [0, ...cutAt(bytes.length), bytes.length];
    const segments = cuts.slice(1).map((end, i) => ({
      fromClient,
      at: said[mine] + (cuts[i] as number),
      bytes: bytes.subarray(cuts[i], end),
      acks: said[other],
    }));
    said[mine] += bytes.length;
    return segments.filter(({ bytes: part }) => part.length > 0);
  });
}

const u32 = (value: number): Uint8Array => fromHex(value.toString(16).padStart(8, '0'));
const mssim = (fromClient: boolean, message: Uint8Array): Uint8Array =>
  fromClient
    ? Buffer.concat([u32(8), Uint8Array.of(0), u32(message.length), message])
    : Buffer.concat([u32(message.length), message, u32(0)]);

const message = (code: number) =>
  fc.uint8Array({ maxLength: 3000 }).map(rest => Uint8Array.from(Buffer.concat([fromHex('8001'), u32(rest.length + 10), u32(code), rest])));
const exchange = fc.tuple(message(0x17b), message(0));

describe('Captures', () => {
  const turns = [[true, GET_RANDOM] as const, [false, RANDOM] as const];
  const packets = [...HANDSHAKE, ...talk(turns, () => []).flat()];
  const wanted = [`command ${toHex(GET_RANDOM)}`, `response ${toHex(RANDOM)}`];

  for (const form of Object.keys(FORMS))
    for (const link of Object.keys(LINKS))
      for (const version of [4, 6] as const)
        it(`are read: ${form}, ${link}, IPv${version}`, () => {
          const { found, problems } = read(file(form, link, wrap(link, packets, { version })));
          expect(told({ found })).to.deep.equal(wanted);
          expect(problems).to.deep.equal([]);
        });

  it('are put together from segments in any order, repeated, overlapping, split anywhere, in both protocols', () => {
    fc.assert(
      fc.property(
        fc.array(exchange, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.boolean(),
        fc.infiniteStream(fc.nat()),
        (exchanges, framed, handshake, chance) => {
          const draw = (below: number): number => (chance.next().value as number) % below;
          const said = exchanges.flatMap(([command, response]) => [[true, command] as const, [false, response] as const]);
          const onWire = said.map(([fromClient, bytes]) => [fromClient, framed ? mssim(fromClient, bytes) : bytes] as const);
          const segments = talk(onWire, length => Array.from({ length: draw(4) }, () => draw(length)).toSorted((a, b) => a - b));
          const mixed = segments.flatMap(parts => {
            const all: Sent[] = parts.flatMap(part => {
              const again = draw(4) === 0 ? [part] : [];
              // A retransmission may begin earlier than what is new of it.
              const from = draw(part.bytes.length + 1);
              return [part, ...again, ...(draw(4) === 0 ? [{ ...part, at: part.at + from, bytes: part.bytes.subarray(from) }] : [])];
            });
            const keepAlive = { ...(parts[0] as Sent), at: (parts[0] as Sent).at - 1, bytes: Uint8Array.of(0) };
            const shuffled = all.map(part => [draw(1000), part] as const).toSorted(([a], [b]) => a - b);
            return [...(handshake && draw(3) === 0 ? [keepAlive] : []), ...shuffled.map(([, part]) => part)];
          });
          const all = handshake ? [...HANDSHAKE, ...mixed] : mixed;
          expect(told(read(file('pcap, low byte first', 'Ethernet', wrap('Ethernet', all))))).to.deep.equal(
            said.map(([fromClient, bytes]) => `${fromClient ? 'command' : 'response'} ${toHex(bytes)}`),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  it('show everything before the place where they are cut off, and name it', () => {
    const whole = file('pcap, low byte first', 'Ethernet', wrap('Ethernet', packets));
    for (let length = 24; length < whole.length; length++) {
      const { found, problems } = read(whole.subarray(0, length));
      expect(wanted.slice(0, found.length)).to.deep.equal(told({ found }));
      const between = problems.length === 0;
      if (!between) expect(problems[0]).to.match(/cut off in packet \d+, at byte \d+/);
    }
    const cut = read(whole.subarray(0, whole.length - 1));
    expect(told(cut)).to.deep.equal(wanted.slice(0, 1));
    expect(cut.problems).to.have.length(1);
  });

  it('lack bytes: the message in which they lie is broken, the next one is whole', () => {
    const long = Uint8Array.from(Buffer.concat([fromHex('8001'), u32(1000), u32(0), Buffer.alloc(990, 7)]));
    const all = talk(
      [
        [true, GET_RANDOM],
        [false, long],
        [true, GET_RANDOM],
        [false, RANDOM],
      ],
      length => (length === 1000 ? [400, 700] : []),
    );
    const lost = [...HANDSHAKE, ...all.flat().filter(({ at, fromClient }) => fromClient || at !== 400)];
    const { found } = read(file('pcap, low byte first', 'Ethernet', wrap('Ethernet', lost)));
    expect(told({ found })).to.deep.equal([
      wanted[0],
      `response ${toHex(long.subarray(0, 400))} 400 of 1000 bytes: 300 bytes behind them are not in the capture`,
      ...wanted,
    ]);
  });

  it('have other traffic, which is left alone', () => {
    const get = new TextEncoder().encode('GET /80010000000c0000017b0010 HTTP/1.1\r\n\r\n');
    const http = wrap(
      'Ethernet',
      [
        ...HANDSHAKE,
        ...talk(
          [
            [true, get],
            [false, new TextEncoder().encode('HTTP/1.1 200 OK\r\n\r\n')],
          ],
          () => [],
        ).flat(),
      ],
      {
        serverPort: 80,
        clientPort: 41000,
      },
    );
    const control = wrap(
      'Ethernet',
      [
        ...HANDSHAKE,
        ...talk(
          [
            [true, fromHex('0000000500')],
            [false, u32(0)],
          ],
          () => [],
        ).flat(),
      ],
      {
        serverPort: 2322,
        clientPort: 42000,
      },
    );
    const { found, problems } = read(file('pcap, low byte first', 'Ethernet', [...http, ...control, ...wrap('Ethernet', packets)]));
    expect(told({ found })).to.deep.equal(wanted);
    expect(problems).to.deep.equal([]);
  });

  it('tell by the connection that ten bytes are an error, though a command has the same number', () => {
    const asymmetric = fromHex('80010000000a00000181'); // TPM_RC_ASYMMETRIC of handle 1; ReadClock has this code
    const all = [
      ...HANDSHAKE,
      ...talk(
        [
          [true, GET_RANDOM],
          [false, asymmetric],
        ],
        () => [],
      ).flat(),
    ];
    const finder = new MessageFinder();
    const messages = finder.push(file('pcap, low byte first', 'Ethernet', wrap('Ethernet', all)));
    expect(messages.map(({ inspected: { kind, name, rc } }) => [kind, name, rc?.text])).to.deep.equal([
      ['command', 'TPM2_GetRandom', undefined],
      ['response', 'TPM2_GetRandom', 'TPM_RC_ASYMMETRIC, handle 1 (0x181)'],
    ]);
  });

  it('of a link type that is not read name it', () => {
    const { found, problems } = read((FORMS['pcap, low byte first'] as (typeof FORMS)[string])(127, wrap('raw', packets)));
    expect(found).to.deep.equal([]);
    expect(problems).to.deep.equal(['5 packets have link type 127 (IEEE 802.11 with radiotap), which is not read']);
  });
});
