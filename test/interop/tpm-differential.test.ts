import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import fc from 'fast-check';
import { KnownDifference, newTally } from './tpm-differential/exchange.ts';
import { TpmPair } from './tpm-differential/pair.ts';
import { Stream } from './tpm-differential/stream.ts';

/** Why there is no real swtpm to compare with; null if there is. */
function reasonToSkip(): string | null {
  try {
    execFileSync('swtpm', ['--version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'swtpm is not installed (apt install swtpm)';
  }
}

const SECONDS = Number(process.env.TPM_DIFFERENTIAL_SECONDS ?? 60);
const STEPS = 80;
/** Of the run of every day: the same on a fast machine as on a slow one. */
const STREAMS = 900;

/**
 * Streams of commands, good and bad ones, to the embedded TPM and to swtpm. `TPM_DIFFERENTIAL_SECONDS` lets it go on for
 * longer, with a seed of its own. The printed seed repeats a run: `npm run fuzz -- --seed SEED test/interop/tpm-differential.test.ts`.
 */
describe('the embedded TPM beside a real swtpm', function () {
  this.timeout((SECONDS + 120) * 1000);
  let pair: TpmPair;

  before(async function () {
    const reason = reasonToSkip();
    if (reason) {
      console.log(`    skipped: ${reason}`);
      this.skip();
    }
    pair = await TpmPair.start();
  });
  after(() => pair?.close());

  it('says the same to every command', async () => {
    const tally = newTally();
    let known = 0;
    const play = async (steps: readonly number[]): Promise<void> => {
      await pair.reset();
      const stream = new Stream(pair, tally);
      try {
        for (const step of steps) await stream.step(step);
      } catch (error) {
        if (!(error instanceof KnownDifference)) throw error;
        known++;
      }
    };
    // A run of every day must not fail by chance: what a long run finds is new.
    const everyday = process.env.TPM_DIFFERENTIAL_SECONDS === undefined;
    const ownSeed = everyday ? 1 : Date.now() % 2 ** 31;
    const { seed = ownSeed } = fc.readConfigureGlobal();
    console.log(`    seed ${seed}`);
    const step = fc.noShrink(fc.integer({ min: 0, max: 2 ** 32 - 1 })); // a smaller number makes no simpler step; fewer steps do
    const streams = fc.array(step, { minLength: 1, maxLength: STEPS, size: 'max' });
    const limits = { numRuns: everyday ? STREAMS : 1_000_000, interruptAfterTimeLimit: SECONDS * 1000, markInterruptAsFailure: false };
    await fc.assert(fc.asyncProperty(streams, play), { seed, ...limits });
    console.log(`    ${tally.commands} commands, ${tally.accepted} accepted; ${known} streams ended at a known difference`);
    expect(tally.accepted).to.be.greaterThan(0.3 * tally.commands);
  });
});
