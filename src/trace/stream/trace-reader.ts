import { readFile } from 'node:fs/promises';
import { Unpackr } from 'msgpackr';
import { type AnyEvent, SimulatorError } from '../../sim/index.ts';
import { FORMAT, FORMAT_VERSION, type TraceHeader, type TraceRecord, type TraceRun } from './trace-records.ts';

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

/** Like {@link readTrace}, of bytes; `file` is what messages call them. */
export function decodeTrace(bytes: Uint8Array, file = 'trace'): Trace {
  const refuse = (code: string, what: string, hint?: string): SimulatorError =>
    new SimulatorError(`trace.${code}`, { where: file, what, ...(hint ? { hint } : {}) });
  const again = 'Make it again with "svm-sim run SCENARIO --trace FILE".';
  const values = unpackAll(bytes);
  const [header, ...records] = values.all as [Partial<TraceHeader> | undefined, ...Partial<TraceRecord>[]];
  if (typeof header !== 'object' || header?.format !== FORMAT) throw refuse('format', `is no trace of svm-sim`, again);
  if (typeof header.version !== 'number' || header.version > FORMAT_VERSION) {
    const by = `version ${header.version}, written by svm-sim ${header.simulator}`;
    throw refuse(
      'version',
      `is a newer trace (${by}) than this svm-sim can read (version ${FORMAT_VERSION})`,
      'Read it with that version, or newer.',
    );
  }
  const runs: (TracedRun & { events: AnyEvent[]; ok?: boolean })[] = [];
  records.forEach((record, i) => {
    if (i === records.length - 1 && record.type === 'end') return;
    const run = runs.at(-1);
    if (record.type === 'run' && record.run) runs.push({ about: record.run, events: [] });
    else if (record.type === 'event' && run && record.event) run.events.push(withByteArrays(record.event) as AnyEvent);
    else if (record.type === 'verdict' && run) run.ok = record.ok === true;
    else throw refuse('damaged', `is damaged: record ${i} is no record of a trace`, again);
  });
  const last = records.at(-1);
  if (values.damagedAt !== undefined || last?.type !== 'end' || last.records !== records.length - 1) {
    const where = values.damagedAt === undefined ? '' : ` at byte ${values.damagedAt}`;
    throw refuse(
      'damaged',
      `is damaged or cut off${where}: ${Math.max(0, records.length)} records could be read, its end is missing`,
      again,
    );
  }
  return { header: header as TraceHeader, runs };
}

/** Every value up to the end, or to the byte at which there is none. */
function unpackAll(bytes: Uint8Array): { all: unknown[]; damagedAt?: number } {
  const unpackr = new Unpackr({ useRecords: false, int64AsType: 'bigint', mapsAsObjects: true });
  const all: unknown[] = [];
  let end = 0;
  try {
    unpackr.unpackMultiple(bytes, (value: unknown, _start?: number, after?: number) => {
      all.push(value);
      end = after ?? end;
    });
    return { all };
  } catch (error) {
    // msgpackr throws Error and RangeError for bytes that end too early or mean nothing.
    if (!(error instanceof Error)) throw error;
    return { all, damagedAt: end };
  }
}

/** msgpackr gives Buffers that share one memory; events hold byte arrays of their own. */
function withByteArrays(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(withByteArrays);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withByteArrays(inner)]));
}
