import { writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Packr } from 'msgpackr';
import { type AnyEvent, beginFile, type Growing, PRIVATE, SimulatorError } from '../../sim/index.ts';
import { FORMAT, FORMAT_VERSION, type TraceHeader, type TraceRecord, type TraceRun } from './trace-records.ts';

const BUFFER_BYTES = 1 << 18;

/**
 * Writes a trace as it happens. A regular file appears under its name only when it is complete; it is for its owner alone, for a trace
 * holds all keys of a run.
 * @throws {SimulatorError} when the file cannot be written.
 */
export class TraceWriter {
  readonly #file: string;
  readonly #growing: Growing;
  readonly #packr = new Packr({ useRecords: false, variableMapSize: true });
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #records = 0;

  constructor(file: string, simulator: string) {
    this.#file = file;
    this.#growing = this.#try(() => beginFile(file, PRIVATE));
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
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#growing.fd, bytes, done);
    });
  }

  /** Ends the trace: afterwards it is complete and stands under its own name. */
  close(): void {
    this.#put({ type: 'end', records: this.#records } satisfies TraceRecord);
    this.#flush();
    this.#try(() => this.#growing.finish());
  }

  /** Gives the trace up; nothing is left of it. */
  abandon(): void {
    this.#growing.abandon();
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
