import type { Invariant } from './invariant.ts';
import { noForgery } from './no-forgery.ts';
import { noLeak } from './no-leak.ts';
import { noResidue } from './no-residue.ts';

export type { Invariant, Watcher } from './invariant.ts';

/** The standing invariants. Schema, runner and documentation read it. */
export const invariants: readonly Invariant[] = [noLeak, noForgery, noResidue];
