import { readFile } from 'node:fs/promises';
import { Unpackr } from 'msgpackr';
import { type AnyEvent, SimulatorError } from '../../sim/index.ts';
import { TRACE_HEADER, TRACE_RECORD } from './record-schema.ts';
import { FORMAT_VERSION, type TraceHeader, type TraceRecord, type TraceRun } from './trace-records.ts';

export interface TracedRun {
  readonly about: TraceRun;
  readonly events: readonly AnyEvent[];
  /** Absent when the run did not come to an end. */
  readonly ok?: boolean;
}

export interface Trace {
  readonly header: TraceHeader;
  readonly runs: readonly TracedRun[];
}

/**
 * Reads a trace.
 * @throws {SimulatorError} when it cannot be read, is no trace, is of a newer version, or is damaged or cut off.
 */
export async function readTrace(file: string): Promise<Trace> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new SimulatorError('trace.unreadable', { where: file, what: error.code === 'ENOENT' ? 'there is no such file' : error.message });
  });
  return decodeTrace(bytes, file);
}

const AGAIN = 'Make it again with "svm-sim run SCENARIO --trace FILE".';

/** Like {@link readTrace}, of bytes; `file` is what messages call them. */
export function decodeTrace(bytes: Uint8Array, file = 'trace'): Trace {
  const reading = new Reading(file);
  const { damagedAt } = eachValue(bytes, value => reading.take(value));
  return reading.end(damagedAt);
}

/** What was read of a trace so far. Each record is checked as it comes: what is no trace costs no more than its beginning. */
class Reading {
  readonly #file: string;
  readonly #runs: (TracedRun & { events: AnyEvent[]; ok?: boolean })[] = [];
  #header: TraceHeader | undefined;
  #records = 0;
  /** How many records the end says there were before it. */
  #said: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** @throws {SimulatorError} for a value that has no place here. */
  take(value: unknown): void {
    if (!this.#header) {
      this.#header = this.#headerOf(value);
      return;
    }
    if (this.#said !== undefined) throw this.#damaged('something stands behind its end');
    const record = withByteArrays(value) as TraceRecord; // in the order of its fields, which the schema would change
    const { success, error } = TRACE_RECORD.safeParse(record);
    if (!success) {
      const [issue] = error.issues;
      const field = issue && issue.path.length > 0 ? `, ${issue.path.map(String).join('.')}` : '';
      throw this.#damaged(`record ${this.#records}${field}: ${issue?.message ?? 'is no record of a trace'}`);
    }
    const run = this.#runs.at(-1);
    if (record.type === 'end') this.#said = record.records;
    else if (record.type === 'run') this.#runs.push({ about: record.run, events: [] });
    else if (!run) throw this.#damaged(`record ${this.#records} stands before any run`);
    else if (record.type === 'verdict') run.ok = record.ok;
    else {
      const before = run.events.at(-1);
      if (before && before.seq >= record.event.seq)
        throw this.#damaged(`record ${this.#records}: event #${record.event.seq} comes after #${before.seq}`);
      run.events.push(record.event);
    }
    if (record.type !== 'end') this.#records++;
  }

  /** @throws {SimulatorError} when something is missing. */
  end(damagedAt: number | undefined): Trace {
    if (!this.#header) throw this.#refuse('format', 'is no trace of svm-sim', AGAIN);
    if (damagedAt === undefined && this.#said === this.#records) return { header: this.#header, runs: this.#runs };
    const where = damagedAt === undefined ? '' : ` at byte ${damagedAt}`;
    throw this.#refuse('damaged', `is damaged or cut off${where}: ${this.#records} records could be read, its end is missing`, AGAIN);
  }

  #headerOf(value: unknown): TraceHeader {
    const { success, data: header } = TRACE_HEADER.safeParse(value);
    if (!success) throw this.#refuse('format', 'is no trace of svm-sim', AGAIN);
    if (header.version <= FORMAT_VERSION) return header;
    const by = `version ${header.version}, written by svm-sim ${header.simulator}`;
    throw this.#refuse(
      'version',
      `is a newer trace (${by}) than this svm-sim can read (version ${FORMAT_VERSION})`,
      'Read it with that version, or newer.',
    );
  }

  #damaged(what: string): SimulatorError {
    return this.#refuse('damaged', `is damaged: ${what}`, AGAIN);
  }

  #refuse(code: string, what: string, hint: string): SimulatorError {
    return new SimulatorError(`trace.${code}`, { where: this.#file, what, hint });
  }
}

/** Tells every value up to the end, or to the byte at which there is none. */
function eachValue(bytes: Uint8Array, take: (value: unknown) => void): { damagedAt?: number } {
  const unpackr = new Unpackr({ useRecords: false, int64AsType: 'bigint', mapsAsObjects: true });
  let end = 0;
  let refused: unknown;
  try {
    unpackr.unpackMultiple(bytes, (value: unknown, _start?: number, after?: number) => {
      end = after ?? end;
      try {
        take(value);
        return true;
      } catch (error) {
        refused = error;
        return false;
      }
    });
  } catch (error) {
    // msgpackr throws Error and RangeError for bytes that end too early or mean nothing.
    if (!(error instanceof Error)) throw error;
    if (refused === undefined) return { damagedAt: end };
  }
  if (refused !== undefined) throw refused;
  return {};
}

/** msgpackr gives Buffers that share one memory; events hold byte arrays of their own. */
function withByteArrays(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(withByteArrays);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withByteArrays(inner)]));
}
