import { expect } from 'chai';
import fc from 'fast-check';
import { toHex } from '../../src/bytes/index.ts';
import { KNOWN_DUMPS, type KnownDump, type Sighting, TextReader } from '../../src/traffic/index.ts';

const read = (lines: readonly string[]): Sighting[] => {
  const reader = new TextReader();
  return [...lines.flatMap(line => [...reader.push(line)]), ...reader.end()];
};
const found = (lines: readonly string[]): string[] =>
  read(lines).map(({ bytes, broken }) => `${toHex(bytes)}${broken ? ` ${broken}` : ''}`);

const header = (code: number, size: number): number[] => [0x80, 1, 0, 0, size >>> 8, size & 0xff, 0, 0, code >>> 8, code & 0xff];
const message = fc
  .tuple(fc.constantFrom(0x17b, 0x17a, 0x182, 0, 0x922), fc.uint8Array({ minLength: 0, maxLength: 150 }))
  .map(([code, rest]) => Uint8Array.from([...header(code, rest.length + 10), ...rest]));

/** Lines that stand between dumps in real logs; none is a byte of a message. */
const NOISE = [
  '',
  'debug:tcti:io.c:94:write_all() writing 22 bytes starting at 0x5580538b2e60 to fd 3 ',
  'Jan 27 21:20:15 host1 systemd[1]: Started TPM2 PCR Extension.',
  '2026-01-27 21:20:15 12 tests, 80 passed',
  '[   12.345678] tpm_tis 00:05: 2.0 TPM (device-id 0xFC, rev-id 1)',
  'deadbeef cafe 42',
  'be ad 0f is no dump',
  '--',
  'handle 0x80000001 pid 8001 took 80 ms',
];

describe('Dumps of TPM messages in text', () => {
  for (const known of KNOWN_DUMPS) {
    it(`are read as they were written: ${known.program}`, () => {
      fc.assert(
        fc.property(fc.array(fc.tuple(message, fc.constantFrom(...NOISE)), { minLength: 1, maxLength: 4 }), all => {
          const lines = all.flatMap(([bytes, noise], i) => [...known.dump(bytes, i % 2 ? 'response' : 'command'), noise]);
          expect(found(lines)).to.deep.equal(all.map(([bytes]) => toHex(bytes)));
        }),
        { numRuns: 60 },
      );
    });
  }

  it('of several programs stand in one log', () => {
    const one = fc.tuple(message, fc.constantFrom<KnownDump>(...KNOWN_DUMPS), fc.constantFrom(...NOISE));
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 5 }), all => {
        const lines = all.flatMap(([bytes, known, noise]) => [...known.dump(bytes, 'command'), noise]);
        expect(found(lines)).to.deep.equal(all.map(([bytes]) => toHex(bytes)));
      }),
      { numRuns: 300 },
    );
  });
});
