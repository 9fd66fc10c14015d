import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { SimulatorError } from '../../sim/index.ts';
import { sizeOf, TPM_HEADER_BYTES } from '../../spec/index.ts';
import { Mutex } from '../mutex.ts';
import { type Backend, BackendError } from './backend.ts';

const ADVICE: Readonly<Record<string, string>> = {
  EBUSY: 'Another program has it open (tpm2-abrmd, or the firmware tools). /dev/tpmrm0 can be opened by many.',
  EACCES: 'You may not open it. Add yourself to its group (usermod -aG tss USER), or use --tpm embedded.',
  ENOENT: 'This host has no such device: no TPM, or its driver is not loaded. Use --tpm embedded or --tpm swtpm.',
};

/** What is needed of an open device; a test gives one of its own. */
export type Device = Pick<FileHandle, 'write' | 'read' | 'close'>;
export type OpenDevice = (path: string) => Promise<Device>;
const openFile: OpenDevice = path => open(path, 'r+');

/** A TPM of this very machine, by its character device. */
export class DeviceBackend implements Backend {
  readonly name: string;
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #open: OpenDevice;
  readonly #mutex = new Mutex();
  #file: Device | null;

  private constructor(path: string, file: Device, timeoutMs: number, openDevice: OpenDevice) {
    this.#open = openDevice;
    this.name = path;
    this.#path = path;
    this.#file = file;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws {SimulatorError} `tpmrm.device-…`, saying why it cannot be opened. */
  static async open(path: string, timeoutMs: number, openDevice: OpenDevice = openFile): Promise<DeviceBackend> {
    try {
      return new DeviceBackend(path, await openDevice(path), timeoutMs, openDevice);
    } catch (cause) {
      const { code = 'EIO' } = cause as NodeJS.ErrnoException;
      throw new SimulatorError(code === 'EBUSY' ? 'tpmrm.device-busy' : 'tpmrm.device-unusable', {
        what: `${path} cannot be opened: ${code}`,
        hint: ADVICE[code] ?? 'See the kernel log (dmesg).',
        blame: 'environment',
        cause,
      });
    }
  }

  transmit(command: Uint8Array): Promise<Uint8Array> {
    return this.#mutex.run(async () => {
      try {
        this.#file ??= await this.#open(this.#path);
        const answer = await this.#inTime(exchange(this.#file, command));
        if (answer.length >= TPM_HEADER_BYTES && sizeOf(answer) === answer.length) return answer;
        throw new BackendError('garbage', `${this.#path} gave ${answer.length} bytes that are no response`);
      } catch (cause) {
        // Opened anew by the next command: what this one left behind must not be taken for its answer.
        void this.#file?.close().catch(() => {});
        this.#file = null;
        if (cause instanceof BackendError) throw cause;
        const { code } = cause as NodeJS.ErrnoException;
        if (code === undefined) throw cause;
        throw new BackendError('dead', `${this.#path}: ${code}${ADVICE[code] ? `. ${ADVICE[code]}` : ''}`, cause);
      }
    });
  }

  async #inTime(body: Promise<Uint8Array>): Promise<Uint8Array> {
    const ended = new AbortController();
    const late = sleep(this.#timeoutMs, null, { signal: ended.signal }).catch(() => null);
    const answer = await Promise.race([body, late]).finally(() => ended.abort());
    if (answer) return answer;
    throw new BackendError('timeout', `${this.#path} did not answer within ${this.#timeoutMs} ms`);
  }

  async pause(ms: number): Promise<void> {
    await sleep(ms);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}

async function exchange(file: Device, command: Uint8Array): Promise<Uint8Array> {
  await file.write(command, 0, command.length, null);
  const { buffer, bytesRead } = await file.read(new Uint8Array(4096), 0, 4096, null);
  return buffer.slice(0, bytesRead);
}
