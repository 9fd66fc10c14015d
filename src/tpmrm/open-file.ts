import { getU32 } from '../bytes/index.ts';
import type { Clock } from '../sim/index.ts';
import { BUFFER_SIZE } from './driver.ts';
import { Errno, type ErrnoName } from './errno.ts';
import { Mutex } from './mutex.ts';

const RESPONSE_KEPT_NS = 120n * 1_000_000_000n;

export interface OpenFlags {
  readonly access: 'O_RDONLY' | 'O_WRONLY' | 'O_RDWR';
  readonly nonblock: boolean;
}
export const READ_WRITE: OpenFlags = { access: 'O_RDWR', nonblock: false };

/** An open file of /dev/tpm0 or /dev/tpmrm0, shared by its descriptors. Plain data. */
export interface OpenFileState {
  readonly id: number;
  readonly flags: OpenFlags;
  /** Number of the space; null for /dev/tpm0. */
  readonly space: number | null;
  /** Descriptors that refer to it: more than one after dup(2). */
  descriptors: number[];
  /** Command and response share it, and it keeps what nobody overwrote. */
  buffer: Uint8Array;
  /** Bytes of the response that were not read. */
  unread: number;
  /** With O_NONBLOCK the kernel's refusal waits here for the next read. */
  failure: ErrnoName | null;
  /** Something of the response was read: a new command may push out the rest. */
  readBegun: boolean;
  offset: number;
  /** When the response is dropped, in virtual time. */
  dropAtNs: bigint | null;
}

export function newOpenFile(id: number, descriptor: number, flags: OpenFlags, space: number | null): OpenFileState {
  return {
    id,
    flags,
    space,
    descriptors: [descriptor],
    buffer: new Uint8Array(BUFFER_SIZE),
    unread: 0,
    failure: null,
    readBegun: true,
    offset: 0,
    dropAtNs: null,
  };
}

export const copyOpenFile = (file: OpenFileState): OpenFileState => ({
  ...file,
  descriptors: [...file.descriptors],
  buffer: file.buffer.slice(),
});

/** Whoever runs a command: the space or the TPM itself. The command stands in the buffer; gives the response or throws Errno. */
export type Run = (file: OpenFileState) => Promise<Uint8Array>;

/** An address of the program that is not mapped. */
export const UNMAPPED = Symbol('an address that is not mapped');

/** Linux drivers/char/tpm/tpm-dev-common.c: the same for both devices. Errors are thrown as Errno. */
export class OpenFile {
  readonly state: OpenFileState;
  readonly #clock: Clock;
  readonly #run: Run;
  readonly #onTimeout: () => void;
  readonly #mutex = new Mutex();
  #enqueued = false;

  constructor(state: OpenFileState, clock: Clock, run: Run, onTimeout: () => void) {
    this.state = state;
    this.#clock = clock;
    this.#run = run;
    this.#onTimeout = onTimeout;
  }

  /** Drops a response that nobody read for 120 s (`file_response_timeout`). */
  elapse(): void {
    const { state } = this;
    if (state.dropAtNs === null || this.#clock.nowNs < state.dropAtNs) return;
    this.#onTimeout();
    state.dropAtNs = null;
    state.readBegun = true;
    state.unread = 0;
    state.failure = null;
    state.buffer.fill(0);
  }

  #locked<T>(body: () => Promise<T>): Promise<T> {
    return this.#mutex.run(() => {
      this.elapse();
      return body();
    });
  }

  get #waiting(): boolean {
    return this.state.unread > 0 || this.state.failure !== null;
  }

  /** The checks in the order of `file_short_writes`, `file_4096`, `file_write_twice`; then the command, unless O_NONBLOCK. */
  async write(data: Uint8Array | typeof UNMAPPED, count: number): Promise<number> {
    const { state } = this;
    if (count > BUFFER_SIZE) throw new Errno('E2BIG');
    return this.#locked(async () => {
      if ((!state.readBegun && this.#waiting) || this.#enqueued) throw new Errno('EBUSY');
      if (data === UNMAPPED) {
        state.buffer.fill(0, 0, count); // copy_from_user fills what it could not copy with zeros
        throw new Errno('EFAULT');
      }
      // Copied before it is checked: a later, shorter command sees what a refused one left (README 3).
      state.buffer.set(data.subarray(0, count));
      if (count < 6 || count < getU32(state.buffer, 2)) throw new Errno('EINVAL');
      state.unread = 0;
      state.failure = null;
      state.readBegun = false;
      state.offset = 0;
      if (state.flags.nonblock) {
        this.#enqueued = true;
        void this.#runLater();
      } else {
        await this.#runNow();
      }
      return count;
    });
  }

  async #runNow(): Promise<void> {
    const { state } = this;
    const response = await this.#run(state);
    state.buffer.set(response);
    state.unread = response.length;
    state.dropAtNs = this.#clock.nowNs + RESPONSE_KEPT_NS;
  }

  /** The kernel's worker. It queues for the file as everybody does, so a read or a second write waits for it. */
  #runLater(): Promise<void> {
    const { state } = this;
    return this.#mutex.run(async () => {
      this.#enqueued = false;
      try {
        await this.#runNow();
      } catch (error) {
        if (!(error instanceof Errno)) throw error;
        state.failure = error.code;
        state.dropAtNs = this.#clock.nowNs + RESPONSE_KEPT_NS;
      }
    });
  }

  /** read(2), or pread(2) when `at` is given: bytes that were read are wiped. */
  read(count: number, { at, into }: { at?: number; into?: typeof UNMAPPED } = {}): Promise<Uint8Array> {
    const { state } = this;
    return this.#locked(async () => {
      if (!this.#waiting) {
        this.#ended();
        return new Uint8Array(0);
      }
      state.readBegun = true;
      if (state.failure !== null) {
        const failure = new Errno(state.failure);
        state.failure = null;
        this.#ended();
        throw failure;
      }
      const start = at ?? state.offset;
      const size = Math.min(count, state.unread);
      if (size <= 0) {
        state.unread = 0; // the whole response is dropped (`file_read_zero`)
        this.#ended();
        return new Uint8Array(0);
      }
      if (into === UNMAPPED || start + size > BUFFER_SIZE) {
        state.buffer.fill(0);
        state.unread = 0;
        this.#ended();
        throw new Errno('EFAULT');
      }
      const piece = state.buffer.slice(start, start + size);
      state.buffer.fill(0, start, start + size);
      state.unread -= size;
      if (at === undefined) state.offset += size;
      if (state.unread === 0) this.#ended();
      return piece;
    });
  }

  #ended(): void {
    this.state.offset = 0;
    this.state.dropAtNs = null;
  }

  /** POLLIN while anything is unread, else POLLOUT; never both. Waits for a running command. */
  poll(): Promise<'POLLIN' | 'POLLOUT'> {
    return this.#locked(async () => (this.#waiting ? 'POLLIN' : 'POLLOUT'));
  }

  /** Waits for a command that runs. */
  settled(): Promise<void> {
    return this.#mutex.run(async () => {});
  }
}
