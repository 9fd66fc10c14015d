import { spawnSync } from 'node:child_process';
import { closeSync, openSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';

/** What the doctor asks of this machine: a test gives one of its own. */
export interface System {
  /** The first line that `program arguments` prints; null when it cannot be started. */
  firstLine(program: string, args: readonly string[]): string | null;
  /** `missing`; `refused`: it is there and may not be opened for reading and writing; `busy`: another has it open; else `usable`. */
  device(path: string): 'missing' | 'refused' | 'busy' | 'usable';
  readonly user: string;
  readonly isRoot: boolean;
  readonly nodeVersion: string;
}

export function thisSystem(): System {
  const { username, uid } = userInfo();
  return {
    firstLine(program, args) {
      const { error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 10_000, stdio: ['ignore', 'pipe', 'pipe'] });
      if (error) return null;
      return (
        `${stdout}\n${stderr}`
          .split('\n')
          .find(line => line.trim() !== '')
          ?.trim() ?? ''
      );
    },
    device(path) {
      try {
        if (!statSync(path).isCharacterDevice()) return 'missing';
        closeSync(openSync(path, 'r+')); // /dev/tpm0 opens once: only trying tells
        return 'usable';
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        return code === 'EACCES' || code === 'EPERM' ? 'refused' : code === 'EBUSY' ? 'busy' : 'missing';
      }
    },
    user: username,
    isRoot: uid === 0,
    nodeVersion: process.version,
  };
}
