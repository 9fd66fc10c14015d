import { asIoResult, Errno } from './errno.ts';
import type { HostFile, IoResult } from './host-file.ts';
import type { LinuxBehaviour } from './linux-versions.ts';
import { type OpenFile, UNMAPPED } from './open-file.ts';

/** What a descriptor needs of the device it was opened on. */
export interface Descriptors {
  /** The open file that this descriptor refers to; none once it is closed. */
  openFile(descriptor: number): OpenFile | undefined;
  dup(descriptor: number): DeviceFile;
  close(descriptor: number): Promise<void>;
  advanceMs(ms: number): void;
  readonly linux: LinuxBehaviour;
}

export type PollEvent = 'POLLIN' | 'POLLOUT';

/**
 * A descriptor of /dev/tpmrm0 or /dev/tpm0. It holds a number only; all state is the chip's, so that a restored chip finds its
 * descriptors again.
 */
export class DeviceFile implements HostFile {
  readonly descriptor: number;
  readonly #device: Descriptors;

  constructor(descriptor: number, device: Descriptors) {
    this.descriptor = descriptor;
    this.#device = device;
  }

  #file(): OpenFile {
    const file = this.#device.openFile(this.descriptor);
    if (!file) throw new Errno('EBADF');
    return file;
  }

  write(data: Uint8Array): Promise<IoResult<number>> {
    return asIoResult(() => this.#write(data));
  }

  async #write(data: Uint8Array): Promise<number> {
    const file = this.#file();
    if (file.state.flags.access === 'O_RDONLY') throw new Errno('EBADF');
    return file.write(data, data.length);
  }

  /** writev(2): one write for each segment; a failure after the first ends it early (`file_writev`). */
  writev(segments: readonly Uint8Array[]): Promise<IoResult<number>> {
    return asIoResult(async () => {
      let done = 0;
      for (const segment of segments) {
        try {
          done += await this.#write(segment);
        } catch (error) {
          if (error instanceof Errno && done > 0) return done;
          throw error;
        }
      }
      return done;
    });
  }

  /** write(2) of bytes at an address that is not mapped. */
  writeFault(count: number): Promise<IoResult<number>> {
    return asIoResult(async () => this.#file().write(UNMAPPED, count));
  }

  read(count: number): Promise<IoResult<Uint8Array>> {
    return asIoResult(async () => this.#readable().read(count));
  }

  pread(count: number, offset: number): Promise<IoResult<Uint8Array>> {
    return asIoResult(async () => {
      if (this.#device.linux.pread === 'ESPIPE') throw new Errno('ESPIPE');
      return this.#readable().read(count, { at: offset });
    });
  }

  /** read(2) to an address that is not mapped. */
  readFault(count: number): Promise<IoResult<Uint8Array>> {
    return asIoResult(async () => this.#readable().read(count, { into: UNMAPPED }));
  }

  #readable(): OpenFile {
    const file = this.#file();
    if (file.state.flags.access === 'O_WRONLY') throw new Errno('EBADF');
    return file;
  }

  /** poll(2) on this file alone: which of the events asked for are there, after at most `timeoutMs` of virtual time. */
  poll(events: readonly PollEvent[], timeoutMs = 0): Promise<IoResult<readonly PollEvent[]>> {
    return asIoResult(async () => {
      const file = this.#file();
      const ready = async () => {
        const event = await file.poll();
        return events.filter(wanted => wanted === event);
      };
      const now = await ready();
      if (now.length > 0 || timeoutMs <= 0) return now;
      this.#device.advanceMs(timeoutMs);
      return ready();
    });
  }

  /** dup(2): one space, one response; the last close ends them. */
  dup(): DeviceFile {
    return this.#device.dup(this.descriptor);
  }

  async lseek(): Promise<IoResult<number>> {
    return { errno: 'ESPIPE' };
  }

  async mmap(): Promise<IoResult<number>> {
    return { errno: 'ENODEV' };
  }

  async ioctl(): Promise<IoResult<number>> {
    return { errno: 'ENOTTY' };
  }

  close(): Promise<void> {
    return this.#device.close(this.descriptor);
  }
}
