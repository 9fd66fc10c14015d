import { toHex } from '../bytes/index.ts';
import { type Actor, type AnyEvent, type EventKind, ofKind, type SimEvent } from '../sim/index.ts';
import { fieldsOf, type KnownSecret, whoKnowsWhat } from '../trace/index.ts';
import type { LessonRun } from './lesson.ts';

/** What questions and explanations ask of a run: every answer of a lesson is found by these. */

type Data<K extends EventKind> = (data: SimEvent<K>['data'], event: SimEvent<K>) => boolean;

export function all<K extends EventKind>({ events }: LessonRun, kind: K, which: Data<K> = () => true): readonly SimEvent<K>[] {
  return ofKind(events, kind).filter(event => which(event.data, event));
}

export const first = <K extends EventKind>(run: LessonRun, kind: K, which?: Data<K>): SimEvent<K> | undefined => all(run, kind, which)[0];

/** A TPM command by its name, sent by firmware (`direct`) or by the Ultravisor (through a space of the resource manager). */
export function command(
  run: LessonRun,
  name: string,
  by: 'firmware' | 'ultravisor' = 'firmware',
  nth = 0,
): SimEvent<'tpm.command'> | undefined {
  return all(run, 'tpm.command', data => data.name === name && isBy(data.via, by))[nth];
}

/** The response to a command: the next one of the same name and way. */
export function response(run: LessonRun, to: SimEvent<'tpm.command'> | undefined): SimEvent<'tpm.response'> | undefined {
  return to && all(run, 'tpm.response', (data, { seq }) => seq > to.seq && data.code === to.data.code && data.via === to.data.via)[0];
}

const isBy = (via: string, by: 'firmware' | 'ultravisor'): boolean => (by === 'firmware' ? via === 'direct' : via.startsWith('space'));

/** A field of a TPM message, by the end of its path. */
const found = (event: AnyEvent | undefined, path: string) =>
  event && fieldsOf(event).findLast(one => one.path === path || one.path.endsWith(`.${path}`));

/** The bytes of a field; of a sized buffer its size stands in front. */
export function field(event: AnyEvent | undefined, path: string): Uint8Array | undefined {
  const seen = found(event, path);
  return seen && event?.sights[0]?.bytes.subarray(seen.offset, seen.offset + seen.length);
}

/** A field as a person reads it. */
export const fieldText = (event: AnyEvent | undefined, path: string): string | undefined => found(event, path)?.text;

/** A sized buffer without the two bytes of its size. */
export const contents = (bytes: Uint8Array | undefined): Uint8Array => bytes?.subarray(2) ?? new Uint8Array(0);

export const hexOf = (bytes: Uint8Array | undefined): string => (bytes ? toHex(bytes) : '');

/** The first bytes of something long, as hex digits. */
export const head = (bytes: Uint8Array | undefined, count = 8): string =>
  bytes ? `${toHex(bytes.subarray(0, count))}${bytes.length > count ? '...' : ''}` : '(nothing)';

export const check = (run: LessonRun, name: string): SimEvent<'check'> | undefined => first(run, 'check', data => data.name === name);

/** The check that refused, if one did. */
export const refusal = (run: LessonRun): SimEvent<'check'> | undefined => all(run, 'check', data => !data.ok).at(-1);

/** Codes with which the TPM refused what came through the proxy, by whomever it was sent. */
export const refusedByTpm = (run: LessonRun): readonly string[] => [
  ...new Set(all(run, 'tpm.response', ({ rc, via }) => rc !== 0 && via.startsWith('space')).map(({ data }) => data.rcName)),
];

/** The first register of a PCR selection: bit n of byte m selects PCR 8m + n. */
export function pcrOf(event: AnyEvent | undefined): number | undefined {
  const selected = contentsOfSelection(event);
  const byte = selected.findIndex(one => one !== 0);
  return byte < 0 ? undefined : 8 * byte + [0, 1, 2, 3, 4, 5, 6, 7].findIndex(bit => ((selected[byte] ?? 0) >> bit) & 1);
}

/** Behind a size of one byte. */
const contentsOfSelection = (event: AnyEvent | undefined): Uint8Array => field(event, 'pcrSelect')?.subarray(1) ?? new Uint8Array(0);

/** A secret by a part of its name. */
export const secret = (run: LessonRun, name: string): KnownSecret | undefined =>
  whoKnowsWhat(run.events).find(one => one.name.includes(name));

export const knowers = (run: LessonRun, name: string): readonly Actor[] => [...(secret(run, name)?.since.keys() ?? [])];

/** Secrets that the hypervisor got hold of: by the run's own watch, which also knows disguises and copies. */
export const leaks = ({ report }: LessonRun): readonly string[] => [
  ...new Set(report.invariants.flatMap(({ leaks: found }) => found.map(({ secret: name }) => name))),
];

/** Messages between Ultravisor and TPM that the hypervisor carried, there or back. */
export const carried = (run: LessonRun): readonly AnyEvent[] =>
  run.events.filter(
    ({ kind, data }) => (kind === 'tpm.command' || kind === 'tpm.response') && 'via' in data && isBy(data.via, 'ultravisor'),
  );

/** Whether the guest became secure. */
export const becameSecure = (run: LessonRun): boolean =>
  first(run, 'state', ({ of, to }) => of.startsWith('guest') && to === 'secure') !== undefined;

export const yesNo = (yes: boolean, why: string): { right: string; wrong: readonly string[]; why: string } => ({
  right: yes ? 'yes' : 'no',
  wrong: [yes ? 'no' : 'yes'],
  why,
});

/** Names as a sentence lists them. */
export function list(names: readonly string[], none = 'nobody'): string {
  if (names.length < 2) return names[0] ?? none;
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
