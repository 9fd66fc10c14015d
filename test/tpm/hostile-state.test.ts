import { expect } from 'chai';
import { Clock, Random } from '../../src/sim/index.ts';
import { StateFault, Tpm } from '../../src/tpm/index.ts';
import { readState, writeState } from '../../src/tpm/state/blob.ts';
import { message } from '../../src/tpmrm/wire.ts';
import { Dice } from '../interop/tpm-differential/dice.ts';
import { Difference, KnownDifference } from '../interop/tpm-differential/exchange.ts';
import { type Both, both, type Pair } from '../interop/tpm-differential/pair.ts';
import { Stream } from '../interop/tpm-differential/stream.ts';
import { startedTpm } from './help.ts';
import { type Mutant, mutantOf } from './state-mutants.ts';

const CHANGES = Number(process.env.FUZZ_STATES ?? 500);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const STEPS = 150;
const AFTER = 12;

/** A moment in the life of a TPM: its state, and what it was told next. */
interface Moment {
  readonly permanent: Uint8Array;
  readonly volatile: Uint8Array;
  readonly commands: Uint8Array[];
}

/** Writes down a stream of commands, each with the state before it. */
class Recorded implements Pair {
  readonly #tpm: Tpm = startedTpm('recorded');
  readonly moments: Moment[] = [];

  async send([command]: Both<Uint8Array>): Promise<Both<Uint8Array>> {
    for (const { commands } of this.moments.slice(-AFTER)) commands.push(command);
    this.moments.push({ permanent: this.#tpm.permanentState(), volatile: this.#tpm.volatileState(), commands: [command] });
    return both(this.#tpm.execute(command));
  }
  async locality(): Promise<void> {}
  async power(): Promise<void> {
    this.#tpm.powerOn();
  }
}

async function momentsOf(seed: number): Promise<Moment[]> {
  const recorded = new Recorded();
  const seeds = new Dice(seed);
  const stream = new Stream(recorded);
  try {
    for (let step = 0; step < STEPS; step++) await stream.step(seeds.u32());
  } catch (error) {
    if (!(error instanceof KnownDifference || error instanceof Difference)) throw error;
  }
  return recorded.moments.slice(20);
}

const STARTUPS = [0, 1].map(type => message(0x144, Uint8Array.of(0, type)));
const SHUTDOWNS = [0, 1].map(type => message(0x145, Uint8Array.of(0, type)));
const RANDOM = message(0x17b, Uint8Array.of(0, 32));
const capabilities = Array.from({ length: 11 }, (_, capability) =>
  message(0x17a, Uint8Array.of(0, 0, 0, capability, 0, 0, 0, 0, 0, 0, 0, 254)),
);

/** All that goes on with a TPM: commands, shutdown and startup, a launch, its own state given back to it. */
function live(tpm: Tpm, commands: readonly Uint8Array[], dice: Dice): void {
  const tell = (command: Uint8Array): void => {
    const response = tpm.execute(command, dice.below(5));
    const size = new DataView(response.buffer, response.byteOffset).getUint32(2);
    if (size !== response.length) throw new Error(`a response of ${response.length} bytes says ${size}`);
  };
  for (const command of [...commands, ...capabilities, RANDOM]) tell(command);
  tpm.load(tpm.permanentState(), tpm.volatileState());
  tell(dice.pick(SHUTDOWNS));
  tpm.reset();
  tpm.hashStart();
  tpm.hashData(RANDOM);
  tpm.hashEnd();
  tell(dice.pick(STARTUPS));
  for (const command of [...STARTUPS, ...commands]) tell(command);
  tpm.load(tpm.permanentState(), tpm.volatileState());
}

/** Whether the TPM took it. What it does not take it must refuse as such. */
function takes(tpm: Tpm, permanent: Uint8Array, volatile: Uint8Array): boolean {
  try {
    tpm.load(permanent, volatile);
    return true;
  } catch (error) {
    if (error instanceof StateFault) return false;
    throw error;
  }
}

describe('a state with one field changed and its digest made right again', () => {
  it(`is refused or behaves: ${CHANGES} of them`, async () => {
    const dice = new Dice(SEED);
    let [tried, refused] = [0, 0];
    let moments: Moment[] = [];
    while (tried < CHANGES) {
      if (tried % 2000 === 0 || moments.length === 0) moments = await momentsOf(SEED + tried);
      const { permanent, volatile, commands } = dice.pick(moments);
      const kind = dice.percent(50) ? 'permanent' : 'volatile';
      const mutant: Mutant | null = mutantOf(kind, kind === 'permanent' ? permanent : volatile, dice);
      if (!mutant) continue;
      const tpm = new Tpm({ random: new Random(1), clock: new Clock() });
      tried++;
      try {
        const taken = kind === 'permanent' ? takes(tpm, mutant.bytes, volatile) : takes(tpm, permanent, mutant.bytes);
        if (taken) live(tpm, commands, dice);
        else refused++;
      } catch (error) {
        throw new Error(`change ${tried} of seed ${SEED}, ${mutant.text}`, { cause: error });
      }
    }
    expect(refused).to.be.greaterThan(tried / 4);
    expect(tried - refused).to.be.greaterThan(tried / 20);
  }).timeout(CHANGES * 200 + 60_000);

  it('is told by field and value', () => {
    const tpm = startedTpm();
    const told = (change: (volatile: { random: { position: number }; reset: { contextCounter: bigint } }) => void): string => {
      const value = readState('volatile', tpm.volatileState()) as Parameters<typeof change>[0];
      change(value);
      try {
        tpm.load(tpm.permanentState(), writeState('volatile', value));
        return 'taken';
      } catch (error) {
        if (error instanceof StateFault) return error.what;
        throw error;
      }
    };
    expect(told(({ random }) => (random.position = Number.NaN))).to.match(/^random\.position \(NaN\) /);
    expect(told(({ random }) => (random.position = -1))).to.match(/^random\.position \(-1\) /);
    expect(told(({ reset }) => (reset.contextCounter = 1n))).to.equal('reset.contextCounter (1) means a slot');
  });
});
