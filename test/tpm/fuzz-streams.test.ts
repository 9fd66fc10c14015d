import { isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { toHex } from '../../src/bytes/index.ts';
import { generateRsa, type RandomBytes, type RsaKey } from '../../src/crypto/index.ts';
import { Clock, Random } from '../../src/sim/index.ts';
import { Tpm, type TpmState } from '../../src/tpm/index.ts';
import { TPM_NT } from '../../src/tpm/wire/index.ts';
import { message } from '../../src/tpmrm/wire.ts';
import { Dice } from '../interop/tpm-differential/dice.ts';
import { Difference, KnownDifference } from '../interop/tpm-differential/exchange.ts';
import { type Both, both, type Pair } from '../interop/tpm-differential/pair.ts';
import { Stream } from '../interop/tpm-differential/stream.ts';

const COMMANDS = Number(process.env.FUZZ_COMMANDS ?? 3000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const STEPS = 120;
const STARTUP = message(0x144, new Uint8Array(2));

/**
 * What a refusal may change (docs/reference/tpm.md#what-a-refusal-may-change): dictionary attack counters, generator, the once-only RETRY,
 * time. PIN Indices count authorizations, whatever becomes of the command afterwards.
 */
function kept({ state }: TpmState): unknown {
  const { permanent, ram } = state;
  const nv = [...permanent.nv].map(([handle, index]) => {
    const type = (index.publicArea.attributes >>> 4) & 15;
    return type === TPM_NT.PIN_FAIL || type === TPM_NT.PIN_PASS ? [handle, index.publicArea] : [handle, index];
  });
  return {
    ...state,
    permanent: { ...permanent, nv, failedTries: 0, lockoutAuthEnabled: true, orderly: '' },
    ram: { ...ram, daUsed: false, lastFailure: 0n, lockoutSince: 0n },
  };
}

/** RSA keys of each size, some of them made before: making one takes longer than a hundred commands. */
function poolOfKeys(): typeof generateRsa {
  const pool = new Map<string, RsaKey[]>();
  return (keyBits: number, e: number, random: RandomBytes) => {
    const name = `${keyBits} ${e}`;
    const keys = pool.get(name) ?? [];
    pool.set(name, keys);
    const choice = (random(1)[0] ?? 0) % 4;
    keys[choice] ??= generateRsa(keyBits, e, random);
    return keys[choice];
  };
}

const isGood = (response: Uint8Array): boolean => new DataView(response.buffer, response.byteOffset).getUint32(6) === 0;
const same = (a: Both<Uint8Array>, b: Both<Uint8Array>): boolean => Buffer.compare(a[0], b[0]) === 0 && Buffer.compare(a[1], b[1]) === 0;

function expectWellFormed(response: Uint8Array): void {
  const view = new DataView(response.buffer, response.byteOffset, response.length);
  if (response.length < 10 || response.length > 4096) throw new Error(`a response of ${response.length} bytes`);
  if (view.getUint32(2) !== response.length) throw new Error(`a response of ${response.length} bytes says ${view.getUint32(2)}`);
  if (![0x8001, 0x8002, 0xc4].includes(view.getUint16(0))) throw new Error('a response with another tag');
  if (!isGood(response) && response.length !== 10) throw new Error('a refusal with more than its code');
}

/** The one TPM behind streams that are made for two. Before each of their commands it gets mutants of it. */
class Fuzzed implements Pair {
  readonly #tpm: Tpm;
  /** Decodes states, where two of them differ in bytes. */
  readonly #reader: Tpm;
  readonly #clock = new Clock();
  readonly #dice: Dice;
  readonly #fresh: Both<Uint8Array>;
  #locality = 0;
  /** What the TPM's state is, where it is known: encoding it takes longer than most commands. */
  #known: Both<Uint8Array> | null = null;
  sent = 0;
  accepted = 0;

  constructor(seed: number) {
    const makeRsa = poolOfKeys();
    this.#tpm = new Tpm({ random: new Random(seed), clock: this.#clock, makeRsa });
    this.#reader = new Tpm({ random: new Random('reader'), clock: new Clock(), makeRsa });
    this.#tpm.execute(STARTUP);
    this.#fresh = this.#bytes();
    this.#dice = new Dice(seed);
  }

  async send([command]: Both<Uint8Array>): Promise<Both<Uint8Array>> {
    if (this.#dice.percent(10)) {
      this.#clock.advanceNs(BigInt(this.#dice.below(30_000_000)));
      this.#known = null;
    }
    for (let i = 0; i < 2; i++) {
      const before = this.#bytes();
      // One that was accepted must not disturb the stream.
      if (isGood(this.#execute(mutant(command, this.#dice)))) this.#load(before);
    }
    return both(this.#execute(command));
  }

  async locality(locality: number): Promise<void> {
    this.#locality = locality;
  }

  async power(): Promise<void> {
    this.#tpm.powerOn();
    this.#known = null;
  }

  reset(): void {
    this.#locality = 0;
    this.#load(this.#fresh);
  }

  #load(state: Both<Uint8Array>): void {
    this.#tpm.load(...state);
    this.#known = null;
  }

  #execute(command: Uint8Array): Uint8Array {
    const before = this.#bytes();
    const response = this.#tpm.execute(command, this.#locality);
    this.#known = null;
    this.sent++;
    expectWellFormed(response);
    if (isGood(response)) this.accepted++;
    else if (!this.#isKept(before)) throw new Error(`${toHex(command)} was refused (${toHex(response)}) and left a trace`);
    return response;
  }

  #bytes(): Both<Uint8Array> {
    this.#known ??= [this.#tpm.permanentState(), this.#tpm.volatileState()];
    return this.#known;
  }

  #isKept(before: Both<Uint8Array>): boolean {
    const after = this.#bytes();
    if (same(before, after)) return true;
    const [a, b] = [before, after].map(bytes => {
      this.#reader.load(...bytes);
      return kept(this.#reader.snapshot());
    });
    return isDeepStrictEqual(a, b);
  }
}

/** The command with some bytes changed, cut or more, with another code; or bytes of chance, with or without a good header. */
function mutant(command: Uint8Array, dice: Dice): Uint8Array {
  const how = dice.below(12);
  if (how === 0) return dice.bytes(dice.below(200));
  if (how === 1) return message(0x11f + dice.below(0x7c), dice.bytes(dice.below(120)));
  let bytes = command.slice();
  const view = (): DataView => new DataView(bytes.buffer);
  if (how === 2 && bytes.length >= 10) view().setUint32(6, 0x11f + dice.below(0x7c));
  if (how === 3) bytes = bytes.slice(0, dice.below(bytes.length + 1));
  if (how === 4) bytes = Uint8Array.from([...bytes, ...dice.bytes(1 + dice.below(60))]);
  if (how >= 4) {
    for (let i = dice.below(3); i >= 0; i--) {
      const at = dice.below(bytes.length);
      const old = bytes[at] ?? 0;
      bytes[at] = dice.pick([0, 1, 0xff, old ^ (1 << dice.below(8)), old + 1, dice.below(256)]);
    }
  }
  if (bytes.length >= 10 && dice.percent(95)) view().setUint32(2, bytes.length);
  return bytes;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function heapMiB(): number {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** `npm run fuzz -- --commands 1000000 --seed SEED test/tpm/fuzz-streams.test.ts` sends a million of them. */
describe('streams of commands and their mutants', () => {
  it(`${COMMANDS} of them: none throws, a refused one leaves no trace, memory does not grow`, async () => {
    const fuzzed = new Fuzzed(SEED);
    const seeds = new Dice(SEED + 1);
    let reported = 0;
    let early = 0;
    let heap = 0;
    while (fuzzed.sent < COMMANDS) {
      fuzzed.reset();
      const stream = new Stream(fuzzed);
      for (let step = 0; step < STEPS && fuzzed.sent < COMMANDS; step++) {
        const seed = seeds.u32();
        try {
          await stream.step(seed);
        } catch (error) {
          if (error instanceof KnownDifference || error instanceof Difference) break; // the stream lost sight of the TPM's state
          throw new Error(`after ${fuzzed.sent} commands of seed ${SEED}`, { cause: error });
        }
      }
      if (fuzzed.sent - reported < COMMANDS / 10) continue;
      reported = fuzzed.sent;
      heap = heapMiB();
      early ||= heap;
      if (COMMANDS > 100_000) console.log(`    ${reported} commands, ${fuzzed.accepted} accepted, heap ${heap.toFixed(1)} MiB`);
    }
    expect(fuzzed.accepted).to.be.greaterThan(fuzzed.sent / 10);
    expect(heap - early).to.be.lessThan(16);
  }).timeout(COMMANDS * 100 + 60_000);
});
