import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IoResult, OpenFlags, PollEvent } from '../../../tpmrm/index.ts';
import type { RecordedCase } from './case-recording.ts';

/** A descriptor of a TPM device, as a case uses it. */
export interface CaseFile {
  write(data: Uint8Array): Promise<IoResult<number>>;
  writev(segments: readonly Uint8Array[]): Promise<IoResult<number>>;
  writeFault(count: number): Promise<IoResult<number>>;
  read(count: number): Promise<IoResult<Uint8Array>>;
  pread(count: number, offset: number): Promise<IoResult<Uint8Array>>;
  readFault(count: number): Promise<IoResult<Uint8Array>>;
  poll(events: readonly PollEvent[], timeoutMs?: number): Promise<IoResult<readonly string[]>>;
  lseek(): Promise<IoResult<number>>;
  mmap(): Promise<IoResult<number>>;
  ioctl(): Promise<IoResult<number>>;
  dup(): CaseFile;
  close(): Promise<unknown>;
}

/** Where a case opens its devices, and how time passes there. */
export interface CaseDevices {
  open(path: '/dev/tpmrm0' | '/dev/tpm0', flags: OpenFlags): Promise<IoResult<CaseFile>>;
  advanceMs(ms: number): void | Promise<void>;
}

/** What a program in JavaScript can do with a file. */
const POSSIBLE = new Set(['open', 'close', 'kill', 'write', 'read', 'repeat', 'sleep']);
const LONGEST_SLEEP_MS = 5_000;

/** Why a case cannot be played on the devices of a real kernel from here; undefined: it can. */
export function notOnKernel({ steps }: RecordedCase): string | undefined {
  const impossible = steps.find(({ op }) => !POSSIBLE.has(op));
  if (impossible) return `no program in JavaScript can do "${impossible.op}" on a file`;
  if (steps.some(({ flags }) => flags?.includes('O_NONBLOCK'))) return 'it needs O_NONBLOCK and poll()';
  const wait = steps.find(({ op, ms = 0 }) => op === 'sleep' && ms > LONGEST_SLEEP_MS);
  return wait ? `it waits ${(wait.ms ?? 0) / 1000} s of real time` : undefined;
}

/**
 * The devices of this machine's kernel. `path` is the resource manager's (/dev/tpmrm0 as a rule); /dev/tpm0 beside it is the one with
 * the same number.
 */
export function kernelDevices(path: string): CaseDevices {
  return {
    async open(device, { access }) {
      const flags = { O_RDONLY: constants.O_RDONLY, O_WRONLY: constants.O_WRONLY, O_RDWR: constants.O_RDWR }[access];
      const own = device === '/dev/tpm0' ? path.replace('tpmrm', 'tpm') : path;
      return io(async () => new KernelFile(await open(own, flags)));
    },
    advanceMs: ms => sleep(ms),
  };
}

/** A call of the kernel: its result, or its errno. */
async function io<T>(body: () => Promise<T>): Promise<IoResult<T>> {
  try {
    return { value: await body() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { errno: code };
  }
}

const impossible = (call: string) => async (): Promise<never> => {
  throw new RangeError(`${call} cannot be called from here: notOnKernel() leaves such cases out`);
};

class KernelFile implements CaseFile {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  write(data: Uint8Array): Promise<IoResult<number>> {
    return io(async () => (await this.#file.write(data, 0, data.length, null)).bytesWritten);
  }

  read(count: number): Promise<IoResult<Uint8Array>> {
    return io(async () => {
      const { buffer, bytesRead } = await this.#file.read(new Uint8Array(count), 0, count, null);
      return buffer.slice(0, bytesRead);
    });
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  writev = impossible('writev');
  writeFault = impossible('write of an unmapped address');
  pread = impossible('pread');
  readFault = impossible('read to an unmapped address');
  poll = impossible('poll');
  lseek = impossible('lseek');
  mmap = impossible('mmap');
  ioctl = impossible('ioctl');
  dup(): CaseFile {
    throw new RangeError('dup cannot be called from here');
  }
}
