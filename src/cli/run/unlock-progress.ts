import type { UnlockProgress } from '../../svm/luks/index.ts';
import type { Paint } from '../../trace/index.ts';
import type { Io } from '../io.ts';

const TICK_MS = 200;

/**
 * Shows that a key slot is worked on, and how long that took. Real time is for the terminal alone: no record has it.
 * @param before called before a line is written: what is held back comes first.
 */
export function unlockProgress(io: Pick<Io, 'out' | 'err'>, paint: Paint, before: () => void): (progress: UnlockProgress) => void {
  let began = 0;
  let ticker: NodeJS.Timeout | undefined;
  const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  return ({ keyslot, stage, text }) => {
    if (stage === 'deriving') {
      began = performance.now();
      before();
      ticker = setInterval(() => io.err(`\r${paint(`key slot ${keyslot}: ${text} ... ${seconds()}`, 'quiet')}`), TICK_MS).unref();
    } else if (stage !== 'merging') {
      clearInterval(ticker);
      io.err('\r\u001b[K');
      io.out(`${paint(`key slot ${keyslot}: ${text}: ${stage} after ${seconds()} of real time`, 'quiet')}\n`);
    }
  };
}
