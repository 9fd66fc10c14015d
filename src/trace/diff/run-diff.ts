import { sameBytes } from '../../bytes/index.ts';
import { type AnyEvent, dataOf } from '../../sim/index.ts';
import { toJson } from '../plain-json.ts';
import { inspectedOf } from '../show/event-in-full.ts';
import type { TracedRun } from '../stream/trace-reader.ts';

/** A place at which two runs differ. */
export interface Difference {
  /** Index in both runs' events. */
  readonly index: number;
  /** Absent: that run had ended. */
  readonly a?: AnyEvent;
  readonly b?: AnyEvent;
  /** What differs, as `name: one | other`. */
  readonly fields: readonly string[];
}

export interface RunDiff {
  /** Differences in what was run: seed, profile, TPM, title. */
  readonly about: readonly string[];
  /** The first difference of any kind, bytes and values included. */
  readonly first?: Difference;
  /** The first at which something else happens: another kind of event, another actor, name or outcome. */
  readonly course?: Difference;
}

/** Compares two runs, event by event. */
export function diffRuns(a: TracedRun, b: TracedRun): RunDiff {
  const about = compare(flat(toJson(a.about)), flat(toJson(b.about)));
  let first: Difference | undefined;
  for (let index = 0; index < Math.max(a.events.length, b.events.length); index++) {
    const [one, other] = [a.events[index], b.events[index]];
    const difference = (fields: readonly string[]): Difference => ({ index, ...(one && { a: one }), ...(other && { b: other }), fields });
    if (!one || !other) return { about, first: first ?? difference(['one run ends here']), course: difference(['one run ends here']) };
    const course = compare(courseOf(one), courseOf(other));
    if (course.length > 0) return { about, first: first ?? difference(differences(one, other)), course: difference(course) };
    if (!first) {
      const fields = differences(one, other);
      if (fields.length > 0) first = difference(fields);
    }
  }
  return { about, ...(first && { first }) };
}

/** What happens, without what chance decides: no bytes, digests, cookies or times. */
function courseOf(event: AnyEvent): ReadonlyMap<string, string> {
  const told = [
    'name',
    'outcome',
    'r3Name',
    'rcName',
    'of',
    'from',
    'to',
    'ok',
    'call',
    'result',
    'what',
    'action',
    'step',
    'via',
    'issuer',
    'why',
  ];
  const { kind, actor } = event;
  const values = dataOf(event);
  return new Map([
    ['kind', kind],
    ['actor', actor],
    ...told.flatMap(name => (name in values ? [[name, String(values[name])] as const] : [])),
  ]);
}

function differences(a: AnyEvent, b: AnyEvent): readonly string[] {
  const values = (event: AnyEvent) => {
    const { sights: _, ...rest } = event;
    return flat(toJson(rest));
  };
  return [...compare(values(a), values(b)), ...sightDifferences(a, b)];
}

function sightDifferences(a: AnyEvent, b: AnyEvent): readonly string[] {
  if (a.sights.length !== b.sights.length) return [`sights: ${a.sights.length} | ${b.sights.length}`];
  return a.sights.flatMap((one, i) => {
    const other = b.sights[i];
    if (!other) return [];
    const seen = [one, other].map(sight => sight.seenBy.join(', '));
    const whose = seen[0] === seen[1] ? [] : [`${one.what} seen by: ${seen[0]} | ${seen[1]}`];
    if (sameBytes(one.bytes, other.bytes)) return whose;
    // The values of secrets are for those who know them, not for a screen.
    if (a.kind === 'secret') return [...whose, `${one.what}: has another value`];
    let at = 0;
    while (one.bytes[at] === other.bytes[at]) at++;
    // The innermost field that holds the byte.
    const field = inspectedOf(a, one.bytes)?.fields.findLast(({ offset, length }) => offset <= at && at < offset + length);
    const where = `byte ${at}${field ? ` (${field.path})` : ''}`;
    return [...whose, `${one.what}, ${where}: ${around(one.bytes, at)} | ${around(other.bytes, at)}`];
  });
}

function around(bytes: Uint8Array, at: number): string {
  if (at >= bytes.length) return 'ended';
  const shown = Buffer.from(bytes.subarray(at, at + 8)).toString('hex');
  return at + 8 < bytes.length ? `${shown}…` : shown;
}

function compare(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].flatMap(name => {
    const [one, other] = [a.get(name), b.get(name)];
    return one === other ? [] : [`${name}: ${one ?? 'absent'} | ${other ?? 'absent'}`];
  });
}

function flat(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, String(value)]]);
  return new Map(Object.entries(value).flatMap(([name, inner]) => [...flat(inner, path ? `${path}.${name}` : name)]));
}
