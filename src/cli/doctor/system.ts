import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { userInfo } from 'node:os';

/** What the doctor asks of this machine: a test gives one of its own. */
export interface System {
  /** The first line that `program arguments` prints; null when it cannot be started. */
  firstLine(program: string, args: readonly string[]): string | null;
  /** `missing`; `refused`: it is there and may not be opened for reading and writing; else `usable`. */
  device(path: string): 'missing' | 'refused' | 'usable';
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
        accessSync(path, constants.R_OK | constants.W_OK);
        return 'usable';
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'refused' : 'missing';
      }
    },
    user: username,
    isRoot: uid === 0,
    nodeVersion: process.version,
  };
}
