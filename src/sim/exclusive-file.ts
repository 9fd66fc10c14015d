import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** For what holds or may hold secrets: traces, reports, captures, logs. */
export const PRIVATE = 0o600;

/** A file that is being written: it stands under its own name only when it is whole. */
export interface Growing {
  readonly fd: number;
  /** It is whole. */
  finish(): void;
  /** Nothing is left of it. */
  abandon(): void;
}

/**
 * Begins a file beside its place, under a name that nobody can know before and that is new: what lies there, a link of another user say,
 * is never written through. A pipe or a device is written to directly.
 */
export function beginFile(file: string, mode: number): Growing {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  if (isSpecial(file)) {
    const fd = openSync(file, O_WRONLY);
    const close = (): void => closeSync(fd);
    return { fd, finish: close, abandon: close };
  }
  const temporary = temporaryName(file);
  const fd = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  return {
    fd,
    finish() {
      closeSync(fd);
      try {
        renameSync(temporary, file);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
    },
    abandon() {
      closeSync(fd);
      rmSync(temporary, { force: true });
    },
  };
}

/** For what is read while it grows: a new file under its own name, in the place of what was there. */
export function openFresh(file: string, mode: number): number {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  if (isSpecial(file)) return openSync(file, O_WRONLY);
  rmSync(file, { force: true });
  return openSync(file, O_WRONLY | O_CREAT | O_EXCL, mode);
}

/** In the same folder, so that it can be renamed into place. */
export const temporaryName = (file: string): string =>
  join(dirname(file), `.${basename(file)}.${randomBytes(9).toString('base64url')}.part`);

function isSpecial(file: string): boolean {
  const there = statSync(dirname(file), { throwIfNoEntry: false })?.isDirectory() ? statSync(file, { throwIfNoEntry: false }) : undefined;
  return there !== undefined && !there.isFile() && !there.isDirectory();
}
