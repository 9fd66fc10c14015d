import type { Machine } from '../../machine/index.ts';
import type { AnyEvent, World } from '../../sim/index.ts';
import type { Leak } from './leak-search.ts';

/** What an invariant looks at. */
export interface Watched {
  readonly world: World;
  readonly machine: Machine;
}

export interface Breach {
  /** One sentence. */
  readonly text: string;
  /** The event at which it happened, or that ended the step after which it was found. */
  readonly event: number;
}

/** A standing invariant: watched in every run unless the scenario switches it off by name. */
export interface Watcher<S = unknown> {
  /** Told every event. */
  watch?(event: AnyEvent): void;
  /** A step is over. */
  afterStep?(): Promise<void> | void;
  /** Everything that is wrong so far. */
  breaches(): readonly Breach[];
  /** Of `no-leak`: the finds. */
  leaks?(): readonly Leak[];
  /** What to say when nothing is wrong. */
  held(): string;
  /** Plain data, so that a run can begin from a snapshot. */
  snapshot(): S;
  restore(state: S): void;
}

export interface Invariant<S = unknown> {
  readonly name: string;
  readonly about: string;
  create(watched: Watched): Watcher<S>;
}
