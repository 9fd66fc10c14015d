import { fromHex, toHex } from '../../../bytes/index.ts';
import type { HostFile, HostFiles, IoResult } from '../../../tpmrm/index.ts';
import type { Differences } from '../../played-case.ts';
import type { DeviceEvent } from './call-recording.ts';

type Call = Omit<DeviceEvent, 'result' | 'repeat'>;

/** A host file that demands the recorded calls, in order and byte for byte, and gives the recorded results. */
export class PlaybackDevice implements HostFiles, HostFile {
  readonly #differences: Differences;
  /** A QEMU that has ended makes no calls: what the kernel closes for it is not looked at. */
  readonly #qemuLives: () => boolean;
  #events: readonly DeviceEvent[] = [];
  #field = '';
  #at = 0;
  #repeated = 0;

  constructor(differences: Differences, qemuLives: () => boolean) {
    this.#differences = differences;
    this.#qemuLives = qemuLives;
  }

  /** The calls of the next step. */
  expect(step: string, events: readonly DeviceEvent[]): void {
    // A read() that the C library refuses does not reach the device: the outcome and the message tell of it.
    this.#events = events.filter(({ result }) => !String(result).startsWith('refused by'));
    this.#field = `${step}.deviceEvents`;
    this.#at = 0;
    this.#repeated = 0;
  }

  /** Every recorded call of the step has been made. */
  finish(): void {
    if (this.#events[this.#at]?.repeat === 'endless' && this.#repeated > 0) this.#at++;
    for (const event of this.#events.slice(this.#at)) {
      this.#differences.compare(
        `${this.#field}[${this.#at++}]`,
        describe(event),
        this.#repeated > 0 ? `made ${this.#repeated} times` : 'not made',
      );
      this.#repeated = 0;
    }
  }

  async open(path: string): Promise<IoResult<HostFile>> {
    return resultOf(this.#next({ call: 'open', path, flags: 'O_RDWR' }), () => this);
  }

  async write(data: Uint8Array): Promise<IoResult<number>> {
    return resultOf(this.#next({ call: 'write', count: data.length, data: toHex(data) }), ({ result }) => Number(result));
  }

  async read(count: number): Promise<IoResult<Uint8Array>> {
    return resultOf(this.#next({ call: 'read', count }), ({ data = '' }) => fromHex(data));
  }

  async close(): Promise<void> {
    if (this.#qemuLives()) this.#next({ call: 'close' });
  }

  /** The recorded event that this call is; one that differs is answered all the same, so that one difference does not become fifty. */
  #next(call: Call): DeviceEvent {
    const event = this.#events[this.#at];
    const field = `${this.#field}[${this.#at}]`;
    if (event?.call !== call.call) {
      this.#differences.compare(field, event ? describe(event) : 'no call', describe(call));
      return { ...call, result: 'EIO' };
    }
    if (event.path !== undefined) this.#differences.compare(`${field}.path`, event.path, call.path ?? '');
    if (event.flags !== undefined) this.#differences.compare(`${field}.flags`, event.flags, call.flags ?? '');
    if (event.count !== undefined) this.#differences.compare(`${field}.count`, event.count, call.count ?? 0);
    if (call.call === 'write') this.#differences.compare(`${field}.data`, event.data?.toLowerCase() ?? '', call.data ?? '');
    this.#repeated++;
    if (event.repeat !== 'endless' && this.#repeated >= (event.repeat ?? 1)) {
      this.#at++;
      this.#repeated = 0;
    }
    return event;
  }
}

function resultOf<T>(event: DeviceEvent, value: (event: DeviceEvent) => T): IoResult<T> {
  const { result } = event;
  if (result === 'blocks') return { blocks: true };
  return typeof result === 'string' ? { errno: result } : { value: value(event) };
}

function describe({ call, path, count, data }: Call): string {
  const given = [path, count === undefined ? undefined : `${count} bytes`, call === 'write' ? data : undefined];
  return `${call}(${given.filter(part => part !== undefined).join(', ')})`;
}
