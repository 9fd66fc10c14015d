import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { encode, fromHex, Writer } from '../../src/bytes/index.ts';
import { LivePlayer } from '../../src/conform/kinds/tpm-transcript/live-player.ts';
import { exchanges, type TranscriptLine, transcriptLines } from '../../src/conform/kinds/tpm-transcript/transcript-lines.ts';
import { Random } from '../../src/sim/index.ts';
import { commands, type Tpm, type TpmState } from '../../src/tpm/index.ts';
import { valuesOf } from '../helpers/values-of.ts';
import { startedTpm } from './help.ts';

const linesOf = (file: string): TranscriptLine[] =>
  transcriptLines(readFileSync(new URL(`../../fixtures/observed/tpm/${file}.jsonl`, import.meta.url), 'utf8'));

const FILES = [
  '01-host-first-boot',
  '03a-svm-unwrap-first-boot',
  '04-salted-hmac-session-rsa',
  '05b-auth-change-nv-hmac',
  '08-deterministic-script',
];
// CreatePrimary and Create make keys: a few mutants of them are enough.
const REAL = FILES.flatMap(file => exchanges(linesOf(file)).map(({ command }) => fromHex(command.hex ?? ''))).filter(
  bytes => bytes.length > 10,
);

const isRefused = (response: Uint8Array): boolean => response.length === 10 && new DataView(response.buffer).getUint32(6) !== 0;

function expectWellFormed(response: Uint8Array): void {
  const view = new DataView(response.buffer, response.byteOffset, response.length);
  expect(response.length).to.be.at.least(10).and.at.most(4096);
  expect(view.getUint32(2)).to.equal(response.length);
  expect([0x8001, 0x8002]).to.include(view.getUint16(0));
  if (view.getUint32(6) !== 0) expect(response.length).to.equal(10);
}

/**
 * What a refusal may change (docs/reference/tpm.md#what-a-refusal-may-change): dictionary attack counters, generator, the once-only RETRY,
 * time.
 */
function kept({ state }: TpmState): unknown {
  const { permanent, ram } = state;
  return {
    ...state,
    permanent: { ...permanent, failedTries: 0, lockoutAuthEnabled: true, orderly: '' },
    ram: { ...ram, daUsed: false, lastFailure: 0n, lockoutSince: 0n },
  };
}

/** Feeds a TPM that nobody else does: what it was before a command is what it was after the one before. */
function feeder(tpm: Tpm): (command: Uint8Array) => void {
  let before = kept(tpm.snapshot());
  return command => {
    const response = tpm.execute(command);
    expectWellFormed(response);
    const after = kept(tpm.snapshot());
    if (isRefused(response))
      expect(isDeepStrictEqual(after, before), `${Buffer.from(command).toString('hex')} was refused and left a trace`).to.equal(true);
    before = after;
  };
}

describe('any bytes at all', () => {
  it('random bytes get a well-formed response and change nothing', () => {
    const tpm = startedTpm();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), feeder(tpm)), { numRuns: 300 });
  });

  it('bytes behind a good header get a well-formed response; refused ones change nothing', () => {
    const tpm = startedTpm();
    const withHeader = fc
      .tuple(fc.constantFrom(0x8001, 0x8002), fc.integer({ min: 0x11f, max: 0x19a }), fc.uint8Array({ maxLength: 120 }))
      .map(([tag, code, body]) => {
        const bytes = new Uint8Array(10 + body.length);
        const view = new DataView(bytes.buffer);
        view.setUint16(0, tag);
        view.setUint32(2, bytes.length);
        view.setUint32(6, code);
        bytes.set(body, 10);
        return bytes;
      });
    fc.assert(fc.property(withHeader, feeder(tpm)), { numRuns: 600 });
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
    fc.assert(fc.property(mutant, feeder(tpm)), { numRuns: 800 });
  }).timeout(60_000);

  it('well-formed commands with values of chance get a well-formed response; refused ones change nothing', () => {
    const tpm = startedTpm();
    prepare(tpm);
    fc.assert(fc.property(anyCommand(), feeder(tpm)), { numRuns: 1500 });
  }).timeout(120_000);

  it('mutants sent between the commands of real flows leave no trace', async () => {
    const tpm = startedTpm();
    const random = new Random('mutants');
    const player = new LivePlayer({
      transmit: async command => {
        for (let i = 0; i < 4; i++) {
          const before = tpm.snapshot();
          feeder(tpm)(mutate(command, random));
          tpm.restore(before); // one that was accepted must not disturb the flow
        }
        return tpm.execute(command);
      },
    });
    for (const file of [
      '01-host-first-boot',
      '03a-svm-unwrap-first-boot',
      '04-salted-hmac-session-rsa',
      '05-bound-session',
      '05b-auth-change-nv-hmac',
    ]) {
      const played = await player.play(linesOf(file));
      expect(played.flatMap(({ differences }) => differences)).to.deep.equal([]);
    }
  }).timeout(120_000);
});

function mutate(command: Uint8Array, random: Random): Uint8Array {
  let bytes = command.slice();
  const changes = 1 + random.below(2);
  for (let i = 0; i < changes; i++) if (bytes.length > 10) bytes[10 + random.below(bytes.length - 10)] = random.below(256);
  if (random.below(5) === 0) bytes = bytes.slice(0, 10 + random.below(bytes.length - 9));
  new DataView(bytes.buffer).setUint32(2, bytes.length);
  return bytes;
}

/** A key at 80000000, a persistent one at 81000001, an Index, a policy session: so that handles of chance hit something. */
function prepare(tpm: Tpm): void {
  const lines = linesOf('06-error-cases').filter(({ dir, case: name }) => dir === 'command' && name === '_prepare');
  for (const { hex } of lines) tpm.execute(fromHex(hex ?? ''));
  tpm.execute(fromHex(lines[0]?.hex ?? '')); // CreatePrimary: this time it stays at 80000000
  tpm.execute(fromHex('80020000002d0000012a40000001000000094000000900000100000000000e01500002000b0204000400000008'));
  tpm.execute(fromHex(`80010000003b0000017640000007400000070020${'11'.repeat(32)}0000010010000b`));
}

const HANDLES = [0x80000000, 0x80000001, 0x81000001, 0x03000000, 0x02000000, 0x01500002, 0x40000001, 0x4000000c, 0x40000007, 0, 16];
// Making RSA keys takes too long for a loop.
const isSlow = (name: string): boolean => /Create|Startup|Shutdown|PCR_Allocate/.test(name);

function anyCommand(): fc.Arbitrary<Uint8Array> {
  return fc.constantFrom(...[...commands.values()].filter(({ name }) => !isSlow(name))).chain(command => {
    const handles = Object.values(command.handles).map(({ type }) => fc.oneof(fc.constantFrom(...HANDLES), valuesOf(type)));
    const params = fc.tuple(...Object.values(command.params).map(codec => valuesOf(codec).map(value => encode(codec, value))));
    const authorized = Object.values(command.handles).filter(({ auth }) => auth !== undefined).length;
    return fc.tuple(fc.tuple(...handles), params, fc.integer({ min: 0, max: 9 })).map(([values, parameters, chance]) => {
      const writer = new Writer();
      const sessions = chance === 0 ? (authorized + 1) % 3 : authorized;
      writer.u16(sessions > 0 ? 0x8002 : 0x8001);
      writer.u32(0);
      writer.u32(command.code);
      for (const handle of values) writer.u32(handle);
      if (sessions > 0) writer.u32(sessions * 9);
      for (let i = 0; i < sessions; i++) writer.raw(fromHex('400000090000010000'));
      for (const bytes of parameters) writer.raw(bytes);
      const bytes = writer.done();
      new DataView(bytes.buffer).setUint32(2, bytes.length);
      return bytes;
    });
  });
}
