import type { Mismatch } from '../expect/expectation.ts';
import type { StepOutcome } from './step-outcome.ts';

/** A step as it comes out without some or all of the scenario's rules and faults. */
export interface HonestStep {
  readonly outcome: StepOutcome;
  readonly mismatches: readonly Mismatch[];
  /** What said no all the same. */
  readonly keys: ReadonlySet<string>;
}

/** Runs the scenario up to a step (from 0) without these, as `rule 1` or `fault 2`; undefined: no such run can be made. */
export type HonestRuns = (step: number, without: 'all' | ReadonlySet<string>) => Promise<HonestStep | undefined>;
