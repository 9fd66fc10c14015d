import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { beginFile, PRIVATE, SimulatorError } from '../../sim/index.ts';
import { type Nvram, NvramError, StateFault } from '../../tpm/index.ts';
import { FolderLock } from './lock.ts';

const FILES = { permanent: 'permanent.tpm', volatile: 'volatile.tpm' } as const;
const TEMPORARY = '.part';
/** Files that a write of state opens at the same time. */
const RESERVE = 2;

/**
 * A folder that is a TPM's memory. A file is replaced as a whole, and only when the new one is safe on the disk: whenever the
 * process is killed, the folder holds the last state that a client could have been told of. One process at a time.
 */
export class StateDir implements Nvram {
  readonly folder: string;
  readonly #lock: FolderLock;
  readonly #onLine: (line: string) => void;
  /** Descriptors that are let go for a write: clients may have taken all others. */
  #reserve: number[] = [];
  #writable = true;

  private constructor(folder: string, lock: FolderLock, onLine: (line: string) => void) {
    this.folder = folder;
    this.#lock = lock;
    this.#onLine = onLine;
    this.#fillReserve();
  }

  /**
   * Makes the folder if it is not there.
   * @param onLine told when the state cannot be written.
   * @throws {SimulatorError} `tpm.state-dir` when it cannot be used, `tpm.state-locked` when another process uses it.
   */
  static async open(folder: string, onLine: (line: string) => void = () => {}): Promise<StateDir> {
    unusable(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    const lock = await FolderLock.take(folder, `process ${process.pid}`);
    if ('heldBy' in lock) {
      throw new SimulatorError('tpm.state-locked', {
        where: folder,
        what: `the TPM in this folder is in use by ${lock.heldBy}`,
        hint: 'Two TPMs cannot share a state: end that one, or name another folder.',
        blame: 'environment',
      });
    }
    const dir = new StateDir(folder, lock, onLine);
    try {
      // What a killed process had not finished was never told to anybody.
      unusable(folder, () => {
        for (const name of readdirSync(folder)) if (name.startsWith('.') && name.endsWith(TEMPORARY)) rmSync(join(folder, name));
      });
    } catch (error) {
      await dir.close();
      throw error;
    }
    return dir;
  }

  read(): Uint8Array | null {
    return this.#read(FILES.permanent);
  }

  write(permanent: Uint8Array): void {
    this.#replace(FILES.permanent, permanent);
  }

  get volatile(): Uint8Array | null {
    return this.#read(FILES.volatile);
  }

  set volatile(bytes: Uint8Array | null) {
    if (bytes) this.#replace(FILES.volatile, bytes);
    else rmSync(join(this.folder, FILES.volatile), { force: true });
  }

  /** Runs what reads the state; what it finds wrong with the bytes is told with the file's name. The file is left as it is. */
  reading<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (error instanceof NvramError) throw unwritable(this.folder, error.cause);
      if (!(error instanceof StateFault)) throw error;
      throw new SimulatorError('tpm.state-unreadable', {
        where: `${join(this.folder, FILES[error.kind])}: byte ${error.offset}`,
        what: error.what,
        hint: `${error.hint}${error.kind === 'volatile' ? ' Without this file the TPM is powered on anew.' : ''} The file was left as it is.`,
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    this.#emptyReserve();
    await this.#lock.release();
  }

  #read(name: string): Uint8Array | null {
    try {
      return new Uint8Array(readFileSync(join(this.folder, name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      return unusable(this.folder, () => {
        throw error;
      });
    }
  }

  #replace(name: string, bytes: Uint8Array): void {
    const path = join(this.folder, name);
    this.#emptyReserve();
    try {
      const growing = beginFile(path, PRIVATE);
      try {
        for (let done = 0; done < bytes.length; ) done += writeSync(growing.fd, bytes, done);
        fsyncSync(growing.fd);
      } catch (error) {
        growing.abandon();
        throw error;
      }
      growing.finish();
      this.#syncFolder();
      if (!this.#writable) this.#onLine(`${path} can be written again`);
      this.#writable = true;
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === undefined) throw cause;
      if (this.#writable)
        this.#onLine(`${path} cannot be written (${code}): what would change it is refused until it can; all else goes on`);
      this.#writable = false;
      throw new NvramError(message, { cause });
    } finally {
      this.#fillReserve();
    }
  }

  #emptyReserve(): void {
    for (const fd of this.#reserve) closeSync(fd);
    this.#reserve = [];
  }

  #fillReserve(): void {
    try {
      while (this.#reserve.length < RESERVE) this.#reserve.push(openSync(devNull, 'r'));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EMFILE' && code !== 'ENFILE') throw error; // none is left: the next write tries again
    }
  }

  /** The new name is safe only when the folder is. */
  #syncFolder(): void {
    const fd = openSync(this.folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}

function unusable<T>(folder: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw unwritable(folder, cause);
  }
}

function unwritable(folder: string, cause: unknown): SimulatorError {
  return new SimulatorError('tpm.state-dir', {
    where: folder,
    what: `this folder cannot hold a TPM's state: ${(cause as NodeJS.ErrnoException).code}`,
    hint: 'Name a folder that you may read and write; it is made if it is not there.',
    blame: 'environment',
    cause,
  });
}
