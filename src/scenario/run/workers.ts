import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/** Work for threads: jobs go out, each gives one answer. */
export interface Work<Job, Answer> {
  /** The worker's module, as source and without `.ts`. */
  readonly module: URL;
  /** What every worker is started with. */
  readonly workerData?: unknown;
  readonly jobs: readonly Job[];
  readonly threads: number;
  /** Jobs that a worker has in hand, the one it runs among them: with more than one it never waits. */
  readonly ahead: number;
  /** An answer; false: no further job is given out. */
  onAnswer(answer: Answer): unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Said to a worker when the person interrupts: end what you have in hand in order. */
export const STOP = 'stop';

/** Runs jobs on worker threads. An interruption ends what is in hand, and no more is given out. */
export async function overThreads<Job, Answer>(work: Work<Job, Answer>): Promise<void> {
  const { module, workerData, jobs, threads, ahead, onAnswer, signal } = work;
  const queue = [...jobs];
  let goesOn = true;
  const workers = Array.from({ length: Math.min(threads, jobs.length) }, () => start(module, workerData));
  const stop = (): void => {
    for (const worker of workers) worker.postMessage(STOP);
  };
  signal?.addEventListener('abort', stop, { once: true });
  const one = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      let inHand = 0;
      const feed = (): void => {
        while (goesOn && inHand < ahead && !signal?.aborted) {
          const job = queue.shift();
          if (!job) break;
          inHand++;
          worker.postMessage(job);
        }
        if (inHand === 0) resolve();
      };
      worker.on('message', (answer: Answer) => {
        inHand--;
        try {
          if (onAnswer(answer) === false) goesOn = false;
        } catch (error) {
          goesOn = false;
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        feed();
      });
      worker.on('error', reject);
      feed();
    });
  try {
    await Promise.all(workers.map(one));
  } finally {
    signal?.removeEventListener('abort', stop);
    await Promise.all(workers.map(worker => worker.terminate()));
  }
}

/** What was built, or the source itself: tsx has to be told of each thread. */
function start(module: URL, workerData: unknown): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(`${module.href}.js`), { workerData });
  // Not the entry for require(): it takes hooks that a worker's loader does not find.
  const tsx = JSON.stringify(
    new URL('dist/esm/api/index.mjs', pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'))).href,
  );
  const file = JSON.stringify(`${module.href}.ts`);
  return new Worker(`import(${tsx}).then(({ register }) => { register(); return import(${file}); });`, { eval: true, workerData });
}
