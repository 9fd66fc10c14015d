import type { AnyEvent, EventKind, SimEvent } from '../../sim/index.ts';

/** How much a person sees: verdicts only; what matters; everything. */
export const LEVELS = ['quiet', 'normal', 'verbose'] as const;
export type Level = (typeof LEVELS)[number];

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

export type Renderers = { readonly [K in EventKind]: (event: SimEvent<K>) => Rendering };

/** `1 byte`, `4096 bytes`. */
export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
