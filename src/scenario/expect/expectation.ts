import type { z } from 'zod';
import type { AnyEvent } from '../../sim/index.ts';
import type { Contents } from '../language/values.ts';
import type { StepOutcome } from '../run/step-outcome.ts';

/** What a step gave that is not what was expected. */
export interface Mismatch {
  /** The field under `expect`. */
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
  readonly hint?: string;
}

export interface Evidence {
  readonly outcome: StepOutcome;
  /** What was recorded while the step ran. */
  readonly events: readonly AnyEvent[];
  /** Virtual time at which the step began and ended. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  bytesOf(contents: Contents): Uint8Array;
}

/** Something that a step can be expected to give: one record, one field of `expect`. */
export interface Expectation<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  /** Nothing, when it holds. */
  check(wanted: z.infer<S>, evidence: Evidence): Omit<Mismatch, 'field'> | undefined;
}

export const expectation = <const S extends z.ZodType>(record: Expectation<S>): Expectation<S> => record;

/** `result: expected secure, actual U_PERMISSION (-11): ...` */
export const showMismatch = ({ field, expected, actual }: Mismatch): string => `${field}: expected ${expected}, actual ${actual}`;
