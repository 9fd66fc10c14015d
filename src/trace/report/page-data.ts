import type { Actor, EventKind } from '../../sim/index.ts';
import type { Group, Tone } from '../event/kind-record.ts';
import type { Lane } from '../event/lanes.ts';
import type { PageKind } from '../view/guest-pages.ts';
import type { TpmThing } from '../view/tpm-state.ts';
import type { Viewpoint } from '../view/viewpoint.ts';

/** What a report's file holds, as its script reads it: written in `src`, read in `report/`. */

/** What is known of the runs from any viewpoint. */
export interface PageAbout {
  readonly simulator: string;
  readonly viewpoints: readonly Viewpoint[];
  readonly lanes: readonly { readonly id: Lane; readonly name: string }[];
  readonly runs: readonly PageAboutRun[];
  /** What can be shown or hidden: name, and what it covers. */
  readonly groups: readonly (readonly [Group, string])[];
  /** By kind of event: the group it is of, and its mark. */
  readonly kinds: Readonly<Record<string, PageKindOfEvent>>;
}

export interface PageKindOfEvent {
  /** Absent: it is always shown. */
  readonly group?: Group | undefined;
  /** Absent: none but one for what is bad. */
  readonly glyph?: string | undefined;
}

export interface PageAboutRun {
  readonly title: string;
  readonly seed: string;
  readonly hosts: readonly { readonly name: string; readonly tpm: string; readonly profile: string; readonly generation?: string }[];
  /** Absent when the run did not come to an end. */
  readonly ok?: boolean;
  /** How many. */
  readonly events: number;
  /** seq of the last event. */
  readonly last: number;
}

/** What some viewpoints see, and no other does. */
export interface PageBlock {
  readonly runs: readonly PageRun[];
  /** By number. */
  readonly bytes: readonly (readonly [number, PageBytes])[];
}

export interface PageRun {
  readonly events: readonly PageEvent[];
  readonly secrets: readonly PageSecret[];
}

/** An event as a page shows it; short names, for there are many. */
export interface PageEvent {
  /** seq */
  readonly q: number;
  /** virtual time in microseconds */
  readonly t: number;
  readonly k: EventKind;
  readonly a: Actor;
  /** lanes, as indices: from, to */
  readonly f: number;
  readonly o: number;
  /** text */
  readonly x: string;
  /** tone */
  readonly n?: Tone;
  /** routine */
  readonly r?: 1;
  /** seq of its cause */
  readonly c?: number;
  /** host */
  readonly h?: string;
  /** lpid */
  readonly l?: number;
  /** data, as text */
  readonly d?: readonly (readonly [string, string])[];
  /** sights: what, number of the bytes, who sees them, who supplied them */
  readonly s?: readonly (readonly [string, number, readonly Actor[], Actor?])[];
  /** an opened parameter: name, number of the bytes, derivation */
  readonly p?: readonly [string, number, readonly (readonly [string, string])[]];
  /** a page's change: guest, frame, state, kind */
  readonly m?: readonly [string, number, string, PageKind];
  /** of a check: what it looks at, where that is written, and what leaves it out, as rows for a person */
  readonly w?: readonly (readonly [string, string])[];
  /** changes of what a TPM holds: host, kind, handle, text */
  readonly u?: readonly (readonly [string, TpmThing, string, string | null])[];
}

/** Bytes with what is known of them. */
export interface PageBytes {
  /** base64; absent: too many to show */
  readonly b?: string;
  readonly n: number;
  /** SHA-256, of those that are too many */
  readonly d?: string;
  /** of a message: title, fields, what could not be decoded */
  readonly i?: { readonly t: string; readonly f: readonly PageField[]; readonly e?: string };
}

/** path, type, offset, length, text where the bytes do not say it */
export type PageField = readonly [string, string, number, number, string?];

/** A secret and since when actors know it. */
export interface PageSecret {
  readonly name: string;
  readonly bytes: number;
  readonly born: number;
  readonly since: Readonly<Partial<Record<Actor, number>>>;
  readonly leaked: readonly Actor[];
}
