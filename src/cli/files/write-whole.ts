import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SimulatorError } from '../../sim/index.ts';

/**
 * Writes a file as a whole: under its own name it is complete, or not there. Folders on the way are made; a pipe is written to directly.
 * @throws {SimulatorError} when it cannot be written.
 */
export function writeText(file: string, text: string | Uint8Array): void {
  const there = statSync(file, { throwIfNoEntry: false });
  const target = there && !there.isFile() ? file : `${file}.part`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(target, text);
    if (target !== file) renameSync(target, file);
  } catch (error) {
    if (target !== file) rmSync(target, { force: true });
    const { message } = error as NodeJS.ErrnoException;
    throw new SimulatorError('report.write', { where: file, what: `cannot be written: ${message}`, blame: 'environment', cause: error });
  }
}
