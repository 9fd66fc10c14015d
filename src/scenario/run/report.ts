import type { Mismatch } from '../expect/expectation.ts';
import type { Leak } from '../invariants/leak-search.ts';
import type { StepPlace } from '../language/places.ts';
import type { Explanation } from './explanation.ts';
import type { EndReason } from './limits.ts';
import type { StepOutcome } from './step-outcome.ts';
import type { Warning } from './strikes.ts';

export interface StepReport {
  /** Counts from 1. */
  readonly number: number;
  /** The name that the scenario gives it, or its kind. */
  readonly name: string;
  readonly do: string;
  /** What happened, in a line. */
  readonly text: string;
  /** Where it stands. */
  readonly place?: StepPlace;
  readonly ok: boolean;
  readonly outcome: StepOutcome;
  readonly mismatches: readonly Mismatch[];
  /** Of a step that did not give what was expected: why. */
  readonly why?: Explanation;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export interface InvariantReport {
  readonly name: string;
  readonly ok: boolean;
  readonly text: string;
  readonly leaks: readonly Leak[];
}

export interface ScenarioReport {
  readonly file: string;
  readonly title: string;
  readonly seed: string;
  /** Everything that was expected came, every invariant held, and at least one step ran. */
  readonly ok: boolean;
  readonly interrupted: boolean;
  /** The run was ended from outside, in the midst of a step. */
  readonly ended?: { readonly reason: EndReason; readonly text: string };
  readonly steps: readonly StepReport[];
  /** Steps that were not run, since an earlier one failed or somebody interrupted. */
  readonly notRun: number;
  readonly invariants: readonly InvariantReport[];
  /** What the scenario asks for beyond what goes without saying: expectations of its steps, invariants that must not hold. */
  readonly asked: number;
  /** Rules and faults that did nothing though every step was run. */
  readonly warnings: readonly Warning[];
  readonly events: number;
  readonly virtualTimeNs: bigint;
}
