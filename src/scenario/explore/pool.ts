import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Rule } from '../adversary/index.ts';
import type { Scenario } from '../load.ts';
import type { Verdict } from './verdict.ts';

/** A run to be made. */
export interface Job {
  readonly id: number;
  readonly rules: readonly Rule[];
  readonly moment: number;
}

/** What a worker says about it. */
export type Answer = { readonly id: number; readonly verdict: Verdict } | { readonly id: number; readonly error: string };

/** Jobs that a worker has in hand beside the one it runs, so that it never waits. */
const AHEAD = 4;

/** Runs jobs on worker threads, each with a machine of its own. */
export async function runOnWorkers(
  scenario: Scenario,
  jobs: readonly Job[],
  threads: number,
  onAnswer: (answer: Answer) => void,
  signal?: AbortSignal,
): Promise<void> {
  const queue = [...jobs];
  const workers = Array.from({ length: Math.min(threads, jobs.length) }, () => startWorker(scenario));
  const one = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      let inHand = 0;
      const feed = (): void => {
        while (inHand < AHEAD && !signal?.aborted) {
          const job = queue.shift();
          if (!job) break;
          inHand++;
          worker.postMessage(job);
        }
        if (inHand === 0) resolve();
      };
      worker.on('message', (answer: Answer) => {
        inHand--;
        onAnswer(answer);
        feed();
      });
      worker.on('error', reject);
      feed();
    });
  try {
    await Promise.all(workers.map(one));
  } finally {
    await Promise.all(workers.map(worker => worker.terminate()));
  }
}

const FILE = './explore.worker.ts';

/** What was built, or the source itself: tsx has to be told of each thread. */
function startWorker(workerData: Scenario): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(FILE.replace(/\.ts$/, '.js'), import.meta.url), { workerData });
  // Not the entry for require(): it takes hooks that a worker's loader does not find.
  const tsx = JSON.stringify(
    new URL('dist/esm/api/index.mjs', pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'))).href,
  );
  const file = JSON.stringify(new URL(FILE, import.meta.url).href);
  return new Worker(`import(${tsx}).then(({ register }) => { register(); return import(${file}); });`, { eval: true, workerData });
}
