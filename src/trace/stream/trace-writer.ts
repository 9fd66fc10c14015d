import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Packr } from 'msgpackr';
import { type AnyEvent, SimulatorError } from '../../sim/index.ts';
import { FORMAT, FORMAT_VERSION, type TraceHeader, type TraceRecord, type TraceRun } from './trace-records.ts';

const BUFFER_BYTES = 1 << 18;

/**
 * Writes a trace as it happens. A regular file appears under its name only when it is complete: until `close` it is `FILE.part`.
 * @throws {SimulatorError} when the file cannot be written.
 */
export class TraceWriter {
  readonly #file: string;
  readonly #target: string;
  readonly #fd: number;
  readonly #packr = new Packr({ useRecords: false, variableMapSize: true });
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #records = 0;

  constructor(file: string, simulator: string) {
    this.#file = file;
    // A pipe or a device cannot be renamed into place.
    this.#target = isSpecial(file) ? file : `${file}.part`;
    this.#fd = this.#try(() => openSync(this.#target, 'w'));
    this.#put({ format: FORMAT, version: FORMAT_VERSION, simulator } satisfies TraceHeader);
  }

  run(run: TraceRun): void {
    this.#record({ type: 'run', run });
  }

  event(event: AnyEvent): void {
    this.#record({ type: 'event', event });
  }

  verdict(ok: boolean): void {
    this.#record({ type: 'verdict', ok });
  }

  #record(record: TraceRecord): void {
    this.#put(record);
    this.#records++;
  }

  #put(value: unknown): void {
    const bytes = Buffer.from(this.#packr.pack(value));
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= BUFFER_BYTES) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#try(() => {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    });
  }

  /** Ends the trace: afterwards it is complete and stands under its own name. */
  close(): void {
    this.#put({ type: 'end', records: this.#records } satisfies TraceRecord);
    this.#flush();
    closeSync(this.#fd);
    if (this.#target !== this.#file) this.#try(() => renameSync(this.#target, this.#file));
  }

  /** Gives the trace up; nothing is left of it. */
  abandon(): void {
    closeSync(this.#fd);
    if (this.#target !== this.#file) rmSync(this.#target, { force: true });
  }

  #try<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const what = code === 'ENOENT' ? `there is no folder ${dirname(this.#file)}` : `cannot be written: ${message}`;
      throw new SimulatorError('trace.write', { where: this.#file, what, blame: 'environment', cause: error });
    }
  }
}

function isSpecial(file: string): boolean {
  const stat = statSync(dirname(file), { throwIfNoEntry: false })?.isDirectory() ? statSync(file, { throwIfNoEntry: false }) : undefined;
  return stat !== undefined && !stat.isFile() && !stat.isDirectory();
}
