import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { beginFile, type Growing, SimulatorError } from '../../sim/index.ts';

/** What is no secret: read by whom the person's umask lets. */
export const COMMON = 0o666;

/**
 * Writes a file as a whole: under its own name it is complete, or not there. Folders on the way are made; a pipe is written to directly.
 * @throws {SimulatorError} when it cannot be written.
 */
export function writeText(file: string, text: string | Uint8Array, mode: number): void {
  naming(file, () => mkdirSync(dirname(file), { recursive: true }));
  save(file, text, mode);
}

/** The same in a folder that must be there. */
export function save(file: string, text: string | Uint8Array, mode: number): void {
  naming(file, () => {
    let growing: Growing | undefined;
    try {
      growing = beginFile(file, mode);
      writeFileSync(growing.fd, text);
      growing.finish();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === 'write') growing?.abandon();
      throw error;
    }
  });
}

function naming(file: string, body: () => void): void {
  try {
    body();
  } catch (error) {
    const { code, message, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const what = code === 'ENOENT' ? 'its folder does not exist' : `cannot be written: ${message}`;
    throw new SimulatorError('file.write', { where: file, what, blame: 'environment', cause: error });
  }
}
