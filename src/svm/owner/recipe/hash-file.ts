import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { unreadable } from './read-file.ts';

/** A file that was hashed where it lies: an initrd may be larger than memory. */
export interface HashedFile {
  readonly sha512: Uint8Array;
}

const PIECE = 1 << 20; // stays in the processor's cache

/** SHA-512 of a file the person named, without holding it in memory. @throws {SimulatorError} `file.unreadable` */
export function hashNamed(file: string, where = file): HashedFile {
  const state = createHash('sha512');
  const piece = new Uint8Array(PIECE);
  try {
    const descriptor = openSync(file, 'r');
    try {
      for (let count = readSync(descriptor, piece); count > 0; count = readSync(descriptor, piece)) state.update(piece.subarray(0, count));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw unreadable(error, where);
  }
  return { sha512: new Uint8Array(state.digest()) };
}

/** A hash on its way. Whoever does not wait for it stops it: the thread would keep the program. */
export interface Hashing {
  /** Rejects as {@link hashNamed} throws; unheard when nobody waits. */
  readonly done: Promise<HashedFile>;
  stop(): void;
}

/** From here on a thread costs less than it saves. */
const WORTH_A_THREAD_BYTES = 8 << 20;

/** As text, because a thread does not inherit the loader that runs TypeScript sources; the same loop as in {@link hashNamed}. */
const THREAD = `
  const { parentPort, workerData: { file, bytes } } = require('node:worker_threads');
  const { openSync, readSync } = require('node:fs');
  const state = require('node:crypto').createHash('sha512');
  const piece = new Uint8Array(bytes);
  const descriptor = openSync(file, 'r');
  for (let count; (count = readSync(descriptor, piece)) > 0; ) state.update(piece.subarray(0, count));
  parentPort.postMessage(state.digest());
`;

/** Begins to hash a file: a large one in a thread of its own, so that the caller can do other work meanwhile. */
export function startHash(file: string, where = file): Hashing {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size < WORTH_A_THREAD_BYTES) return { done: heard(Promise.resolve().then(() => hashNamed(file, where))), stop() {} };
  const worker = new Worker(THREAD, { eval: true, workerData: { file, bytes: PIECE } });
  const done = new Promise<HashedFile>((resolve, reject) => {
    worker.once('message', (sha512: Uint8Array) => resolve({ sha512 }));
    worker.once('error', error => reject(unreadable(error, where)));
    worker.once('exit', status => reject(new Error(`the thread that hashes ended with status ${status}`)));
  });
  return { done: heard(done), stop: () => void worker.terminate() };
}

function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
