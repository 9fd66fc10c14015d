import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { SimulatorError } from '../../sim/index.ts';
import type { Io } from '../io.ts';

/** Something to decode, in parts as they come. */
export interface Input {
  readonly name: string;
  readonly parts: AsyncIterable<Uint8Array>;
}

/** Bytes that are read at once. */
const PART = 0x1_0000;
/** How often a growing file is looked at. */
const LOOK_EVERY_MS = 200;

/** Arguments that are hex digits are put together: a message may be pasted with its blanks. */
export function inputsOf(what: readonly string[], follow: boolean, io: Io): readonly Input[] {
  const pasted = what.join(' ');
  const digits = pasted.replace(/0x|[\s,:_]/gi, '');
  if (/^[0-9a-f]+$/i.test(digits) && (digits.length >= 20 || digits.length % 2 === 0)) {
    if (digits.length % 2 === 0) return [{ name: 'hex digits', parts: once(Buffer.from(digits, 'hex')) }];
    throw new SimulatorError('decode.odd', { where: 'hex digits', what: `there is an odd number of them (${digits.length})` });
  }
  return what.map(name => ({
    name: name === '-' ? 'standard input' : name,
    parts: name === '-' ? standardInput(io) : fileParts(name, follow, io),
  }));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* standardInput(io: Io): AsyncGenerator<Uint8Array> {
  const input = io.input ?? process.stdin;
  const stop = (): void => {
    if ('destroy' in input && typeof input.destroy === 'function') input.destroy();
  };
  io.signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const part of input) yield typeof part === 'string' ? Buffer.from(part) : part;
  } catch (error) {
    if (!io.signal.aborted) throw error;
  } finally {
    io.signal.removeEventListener('abort', stop);
  }
}

async function* fileParts(name: string, follow: boolean, { signal }: Io): AsyncGenerator<Uint8Array> {
  const file = await open(name).catch(error => refuse(name, error));
  try {
    while (!signal.aborted) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(PART), 0, PART).catch(error => refuse(name, error));
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
      else if (!follow) return;
      else await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await file.close();
  }
}

function refuse(name: string, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  const hint = 'Give hex digits, or the name of a file.';
  throw new SimulatorError('decode.file', { where: name, what: code === 'ENOENT' ? 'neither hex digits nor a file' : message, hint });
}
