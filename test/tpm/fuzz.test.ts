import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { exchanges, transcriptLines } from '../../src/conform/tpm-transcript/index.ts';
import { fromHex } from '../../src/bytes/index.ts';
import type { Tpm, TpmState } from '../../src/tpm/index.ts';
import { startedTpm } from './help.ts';

const FILES = ['01-host-first-boot', '03a-svm-unwrap-first-boot', '04-salted-hmac-session-rsa', '05b-auth-change-nv-hmac', '08-deterministic-script'];
// CreatePrimary and Create make keys: a few mutants of them are enough.
const REAL = FILES.flatMap(file =>
  exchanges(transcriptLines(readFileSync(new URL(`../../fixtures/observed/tpm/${file}.jsonl`, import.meta.url), 'utf8'))).map(({ command }) => fromHex(command.hex ?? '')),
).filter(bytes => bytes.length > 10);

const isRefused = (response: Uint8Array): boolean => response.length === 10 && new DataView(response.buffer).getUint32(6) !== 0;

function expectWellFormed(response: Uint8Array): void {
  const view = new DataView(response.buffer, response.byteOffset, response.length);
  expect(response.length).to.be.at.least(10).and.at.most(4096);
  expect(view.getUint32(2)).to.equal(response.length);
  expect([0x8001, 0x8002]).to.include(view.getUint16(0));
  if (view.getUint32(6) !== 0) expect(response.length).to.equal(10);
}

/** What a refusal may change (decisions 21): dictionary attack counters, generator, the once-only RETRY, time. */
function kept({ state }: TpmState): unknown {
  const { permanent, ram } = state;
  return {
    ...state,
    permanent: { ...permanent, failedTries: 0, lockoutAuthEnabled: true, orderly: '' },
    ram: { ...ram, daUsed: false, lastFailure: 0n, lockoutSince: 0n },
  };
}

function feed(tpm: Tpm, command: Uint8Array): void {
  const before = kept(tpm.snapshot());
  const response = tpm.execute(command);
  expectWellFormed(response);
  if (isRefused(response)) expect(isDeepStrictEqual(kept(tpm.snapshot()), before), `${Buffer.from(command).toString('hex')} was refused and left a trace`).to.equal(true);
}

describe('any bytes at all', () => {
  it('random bytes get a well-formed response and change nothing', () => {
    const tpm = startedTpm();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => feed(tpm, bytes)), { numRuns: 300 });
  });

  it('bytes behind a good header get a well-formed response; refused ones change nothing', () => {
    const tpm = startedTpm();
    const withHeader = fc.tuple(fc.constantFrom(0x8001, 0x8002), fc.integer({ min: 0x11f, max: 0x19a }), fc.uint8Array({ maxLength: 120 })).map(([tag, code, body]) => {
      const bytes = new Uint8Array(10 + body.length);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, tag);
      view.setUint32(2, bytes.length);
      view.setUint32(6, code);
      bytes.set(body, 10);
      return bytes;
    });
    fc.assert(fc.property(withHeader, bytes => feed(tpm, bytes)), { numRuns: 600 });
  });

  it('changed real commands get a well-formed response; refused ones change nothing', () => {
    const tpm = startedTpm();
    const mutant = fc
      .tuple(fc.constantFrom(...REAL), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 0, maxLength: 3 }), fc.option(fc.nat()))
      .map(([real, changes, cut]) => {
        let bytes = real.slice();
        for (const [at, value] of changes) bytes[10 + (at % (bytes.length - 10))] = value;
        if (cut !== null) bytes = bytes.slice(0, 10 + (cut % (bytes.length - 10)));
        new DataView(bytes.buffer).setUint32(2, bytes.length);
        return bytes;
      });
    fc.assert(fc.property(mutant, bytes => feed(tpm, bytes)), { numRuns: 800 });
  }).timeout(60_000);
});
