import type { Rule } from '../adversary/index.ts';
import type { Verdict } from './verdict.ts';

/** A run to be made. */
export interface Job {
  readonly id: number;
  readonly rules: readonly Rule[];
  readonly moment: number;
}

/** What a worker says about it. */
export type Answer = { readonly id: number; readonly verdict: Verdict } | { readonly id: number; readonly error: string };
