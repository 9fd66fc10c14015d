import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { IArgon2Options } from 'hash-wasm';
import { LuksError } from './fault.ts';

export interface Argon2Options {
  readonly type: 'argon2i' | 'argon2id';
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly memoryKiB: number;
  readonly lanes: number;
  readonly bytes: number;
}

/** The memory of a WASM instance is one typed array, and those end at 2 GiB; 1 MiB is left for the program itself. */
export const MAX_ARGON2_KIB = (2048 - 1) * 1024;

/**
 * Argon2 1.3 by hash-wasm, which computes in one piece: seconds, when a volume was made for a fast machine.
 * @param aside in a thread of its own, so that the caller's event loop can go on telling that it works.
 * @throws {LuksError} `memory`.
 */
export async function deriveArgon2(options: Argon2Options, aside: boolean): Promise<Uint8Array> {
  if (options.memoryKiB > MAX_ARGON2_KIB) throw tooMuch(options.memoryKiB);
  try {
    return await (aside ? inThread(options) : compute(options));
  } catch (error) {
    if (error instanceof RangeError) throw tooMuch(options.memoryKiB);
    throw error;
  }
}

const tooMuch = (memoryKiB: number): LuksError =>
  new LuksError('memory', `Argon2 wants ${memoryKiB} KiB of memory, which are not to be had`);

/** What hash-wasm is called with. */
interface Call {
  readonly derive: Argon2Options['type'];
  readonly options: IArgon2Options & { readonly outputType: 'binary' };
}

const callOf = ({ type, password, salt, iterations, memoryKiB, lanes, bytes }: Argon2Options): Call => ({
  derive: type,
  options: { password, salt, iterations, parallelism: lanes, memorySize: memoryKiB, hashLength: bytes, outputType: 'binary' },
});

async function compute(options: Argon2Options): Promise<Uint8Array> {
  const { argon2i, argon2id } = await import('hash-wasm'); // only where it is needed
  const { derive, options: given } = callOf(options);
  return derive === 'argon2i' ? argon2i(given) : argon2id(given);
}

/** As text, because a thread does not inherit the loader that runs TypeScript sources. */
const THREAD = `
  const { parentPort, workerData: { module, derive, options } } = require('node:worker_threads');
  require(module)[derive](options).then(key => parentPort.postMessage(key));
`;

function inThread(options: Argon2Options): Promise<Uint8Array> {
  const module = createRequire(import.meta.url).resolve('hash-wasm');
  const worker = new Worker(THREAD, { eval: true, workerData: { module, ...callOf(options) } });
  return new Promise<Uint8Array>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', status => reject(new Error(`the thread for Argon2 ended with status ${status}`)));
  });
}
