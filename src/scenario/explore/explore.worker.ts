import { parentPort, workerData } from 'node:worker_threads';
import type { Scenario } from '../language/scenario-schema.ts';
import { STOP } from '../run/workers.ts';
import { Explorer } from './explorer.ts';
import { answerTo, type Job } from './job.ts';

const port = parentPort;
const explorer = Explorer.prepare(workerData as Scenario);
let queue = Promise.resolve();

port?.on('message', (job: Job | typeof STOP) => {
  if (job === STOP) return; // a run is short: what is in hand comes to its end
  queue = queue.then(async () => port.postMessage(await answerTo(await explorer, job)));
});
