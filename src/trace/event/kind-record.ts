import type { Actor, AnyEvent, EventKind, SimEvent } from '../../sim/index.ts';
import type { Place } from './lanes.ts';

/** What a line says by its colour; the text says it too. */
export type Tone = 'plain' | 'good' | 'bad' | 'key' | 'quiet' | 'heading';

/** An event as a line. */
export interface Rendering {
  readonly text: string;
  readonly tone?: Tone;
  /** Routine is shown at level `verbose` only. */
  readonly routine?: boolean;
  /** A call: its return, when nothing is shown in between, is put on the same line. */
  readonly opens?: boolean;
  /** A return: what stands behind the arrow. Alone on a line when other lines came in between. */
  readonly closes?: { readonly result: string; readonly bare: string };
  /** Events of this kind in a row are told together (level `normal`): their lines. */
  readonly run?: (events: readonly AnyEvent[]) => readonly string[];
}

/** What can be shown or hidden in a report, and what it covers. */
export const GROUPS = [
  ['Calls', 'hypercalls and ultracalls'],
  ['TPM', 'TPM commands, and the files they go through'],
  ['Pages', 'pages that change hands'],
  ['States', 'states, keys and secrets'],
  ['Checks', 'checks and the adversary'],
] as const;
export type Group = (typeof GROUPS)[number][0];

/** The event of a number; undefined where it has none. */
export type CallOf = (seq: number | null) => AnyEvent | undefined;

/** All that the views of a trace need of a kind of event. */
export interface KindRecord<K extends EventKind> {
  readonly line: (event: SimEvent<K>) => Rendering;
  /** Who takes notice of it, apart from those to whom it shows bytes; `callOf` knows the calls that have not returned. */
  readonly witnesses: (event: SimEvent<K>, callOf: CallOf) => readonly Actor[];
  /** From lane to lane; `back`: the way of the call that it is the return of. Absent: it happens at its actor's lane. */
  readonly way?: ((event: SimEvent<K>) => Place) | 'back';
  /** Absent: it is always shown. */
  readonly group?: Group;
  /** A mark that says without colour what kind of event this is, where its text does not. */
  readonly glyph?: string;
}

export type KindRecords = { readonly [K in EventKind]: KindRecord<K> };
