import { parentPort } from 'node:worker_threads';
import { STOP } from '../../scenario/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { type RunAnswer, type RunJob, tryScenario } from './tries.ts';

const port = parentPort;
const stop = new AbortController();
let queue = Promise.resolve();

async function work(job: RunJob): Promise<RunAnswer> {
  try {
    return { id: job.id, ran: await tryScenario(job, stop.signal) };
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (!(error instanceof SimulatorError)) return { id: job.id, fault: { stack } };
    const { code, where, what, hint, blame } = error;
    const about = { ...(where ? { where } : {}), what, ...(hint ? { hint } : {}), blame };
    return { id: job.id, fault: { about: [code, about], stack } };
  }
}

port?.on('message', (job: RunJob | typeof STOP) => {
  if (job === STOP) stop.abort();
  else queue = queue.then(async () => port.postMessage(await work(job)));
});
