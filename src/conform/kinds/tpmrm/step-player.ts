import { toHex } from '../../../bytes/index.ts';
import type { ErrnoName, IoResult, PollEvent } from '../../../tpmrm/index.ts';
import type { Difference } from '../../played-case.ts';
import type { CaseDevices, CaseFile } from './case-devices.ts';
import type { Expectation, RecordedStep } from './case-recording.ts';
import { recordedBytes, substituted } from './hex-notation.ts';
import type { Outcome } from './observed-case.ts';

/** Plays the steps of a case on TPM devices and collects the differences. */
export class Player {
  readonly differences: Difference[] = [];
  /** What each step gave, by its index. */
  readonly outcomes = new Map<number, Outcome>();
  readonly #devices: CaseDevices;
  /** Live: take the recorded variable parts from this TPM, and ignore bytes that differ from TPM to TPM. */
  readonly #live: boolean;
  /** Observed once only: what varies is not known, so of live answers only length, code and handle count. */
  readonly #once: boolean;
  readonly #files = new Map<string, CaseFile>();
  readonly #captured = new Map<string, Uint8Array>();

  constructor(devices: CaseDevices, { live, once = false }: { live: boolean; once?: boolean }) {
    this.#devices = devices;
    this.#live = live;
    this.#once = once;
  }

  async play(step: RecordedStep, index: number): Promise<void> {
    const outcome = await this.#perform(step);
    this.outcomes.set(index, outcome);
    this.#compare(step, `steps[${index}] ${step.op} ${step.space}`.trim(), outcome);
    if (!outcome.bytes) return;
    for (const [name, [offset, length]] of Object.entries(step.capture ?? {})) {
      this.#captured.set(name, outcome.bytes.slice(offset, offset + length));
    }
  }

  async #perform(step: RecordedStep): Promise<Outcome> {
    switch (step.op) {
      case 'open':
        return this.#open(step);
      case 'sleep':
        await this.#devices.advanceMs(step.ms ?? 0);
        return {};
    }
    const file = this.#files.get(step.space);
    if (!file) return { errno: `no file ${step.space} is open` };
    switch (step.op) {
      case 'close':
      case 'kill':
        await file.close();
        this.#files.delete(step.space);
        return { return: 0 };
      case 'dup':
        this.#files.set(step.new ?? '', file.dup());
        return { return: 0 };
      case 'write':
        return count(await file.write(this.#request(step)));
      case 'writev':
        return count(await file.writev((step.segments ?? []).map(recordedBytes)));
      case 'writefault':
        return count(await file.writeFault(step.count ?? 0));
      case 'read':
        return bytes(await file.read(step.count ?? 0));
      case 'pread':
        return bytes(await file.pread(step.count ?? 0, step.offset ?? 0));
      case 'readfault':
        return bytes(await file.readFault(step.count ?? 0));
      case 'poll':
        return events(await file.poll((step.events ?? []) as readonly PollEvent[], step.timeoutMs));
      case 'repeat':
        return this.#repeat(file, step);
      case 'lseek':
        return count(await file.lseek());
      case 'mmap':
        return count(await file.mmap());
      case 'ioctl':
        return count(await file.ioctl());
      default:
        throw new RangeError(`the recording has an operation "${step.op}" that is not known here`);
    }
  }

  async #open({ space, path, flags = [] }: RecordedStep): Promise<Outcome> {
    const access = flags.includes('O_WRONLY') ? 'O_WRONLY' : flags.includes('O_RDONLY') ? 'O_RDONLY' : 'O_RDWR';
    const device = path === '/dev/tpm0' ? path : '/dev/tpmrm0';
    const opened = await this.#devices.open(device, { access, nonblock: flags.includes('O_NONBLOCK') });
    if ('value' in opened) this.#files.set(space, opened.value);
    return 'value' in opened ? { return: 0 } : failure(opened);
  }

  #request({ request = '', count: offered, subst }: RecordedStep): Uint8Array {
    const recorded = recordedBytes(request);
    const own = this.#live ? substituted(recorded, subst, this.#captured) : recorded;
    if (offered === undefined || offered === own.length) return own;
    const padded = new Uint8Array(offered);
    padded.set(own.subarray(0, offered));
    return padded;
  }

  async #repeat(file: CaseFile, step: RecordedStep): Promise<Outcome> {
    const request = this.#request(step);
    let response: Uint8Array | undefined;
    for (let done = 0; done < (step.times ?? 0); done++) {
      const written = await file.write(request);
      if ('errno' in written) return { return: done, failed: written.errno };
      const read = await file.read(4096);
      if (!('value' in read)) return { return: done, ...failure(read) };
      response = read.value;
      if (response.subarray(6, 10).some(byte => byte !== 0)) return { return: done, bytes: response };
    }
    return { return: step.times ?? 0, ...(response && { bytes: response }) };
  }

  #compare({ op, expect = {} }: RecordedStep, field: string, outcome: Outcome): void {
    this.#differ(`${field} result`, resultOf(expect), resultOf(outcome));
    if (expect.response !== undefined) {
      const expected = recordedBytes(expect.response);
      const actual = outcome.bytes?.slice() ?? new Uint8Array(0);
      if (this.#live) for (const [offset, length] of expect.varies ?? []) mask(expected, actual, offset, length);
      if (this.#live && this.#once) mask(expected, actual, HEADER_AND_HANDLE, expected.length);
      this.#differ(`${field} response`, toHex(expected), toHex(actual));
    } else if (op !== 'repeat' && outcome.bytes && outcome.bytes.length > 0) {
      this.#differ(`${field} response`, '', toHex(outcome.bytes));
    }
    if (expect.revents) this.#differ(`${field} revents`, expect.revents.join(), outcome.revents?.join() ?? '');
  }

  #differ(field: string, expected: string, actual: string): void {
    if (expected !== actual) this.differences.push({ field, expected, actual });
  }

  async closeAll(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
  }
}

const HEADER_AND_HANDLE = 14;

/** Bytes that vary are made those of the recording, as far as the answer has them. */
function mask(expected: Uint8Array, actual: Uint8Array, offset: number, length: number): void {
  for (let i = offset; i < Math.min(offset + length, actual.length); i++) actual[i] = expected[i] ?? 0;
}

const failure = (result: { readonly errno: string } | { readonly blocks: true }): Outcome => ({
  errno: 'errno' in result ? result.errno : 'blocks',
});
const count = (result: IoResult<number>): Outcome => ('value' in result ? { return: result.value } : failure(result));
const bytes = (result: IoResult<Uint8Array>): Outcome =>
  'value' in result ? { return: result.value.length, bytes: result.value } : failure(result);
const events = (result: IoResult<readonly string[]>): Outcome =>
  'value' in result ? { return: result.value.length, revents: result.value } : failure(result);

function resultOf({ return: value, errno, failed }: Expectation | Outcome): string {
  if (errno !== undefined) return errno satisfies ErrnoName | string;
  return `${value ?? ''}${failed ? ` then ${failed}` : ''}`;
}
