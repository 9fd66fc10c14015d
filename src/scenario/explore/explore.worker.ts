import { parentPort, workerData } from 'node:worker_threads';
import type { Scenario } from '../load.ts';
import { STOP } from '../workers.ts';
import { Explorer } from './explorer.ts';
import type { Answer, Job } from './job.ts';

const port = parentPort;
const explorer = Explorer.prepare(workerData as Scenario);
let queue = Promise.resolve();

async function work({ id, rules, moment }: Job): Promise<Answer> {
  try {
    return { id, verdict: await (await explorer).run(rules, moment) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

port?.on('message', (job: Job | typeof STOP) => {
  if (job === STOP) return; // a run is short: what is in hand comes to its end
  queue = queue.then(async () => port.postMessage(await work(job)));
});
