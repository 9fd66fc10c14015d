import { readFile } from 'node:fs/promises';
import { SimulatorError } from '../../../sim/index.ts';

/** The bytes of a file the person named. @throws {SimulatorError} `file.unreadable` */
export async function readNamed(file: string, where = file): Promise<Uint8Array> {
  try {
    const { buffer, byteOffset, length } = await readFile(file);
    return new Uint8Array(buffer, byteOffset, length);
  } catch (error) {
    throw unreadable(error, where);
  }
}

/** What the operating system refused; any other error as it is. */
export function unreadable(error: unknown, where: string): unknown {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string') return error;
  return new SimulatorError('file.unreadable', { where, what: `the file cannot be read (${code})`, cause: error });
}
