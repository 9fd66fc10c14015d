import { z } from 'zod';
import { ALWAYS, type ExpectationName, type Expected, expectations } from '../expect/expectations.ts';
import { NAME } from '../language/values.ts';
import type { Run } from '../run/run-state.ts';
import type { StepOutcome } from '../run/step-outcome.ts';

/** A kind of step: all that the language, the runner and the documentation know of it. */
export interface StepKind<F extends z.ZodRawShape = z.ZodRawShape> {
  /** The word after `do:`. */
  readonly name: string;
  readonly about: string;
  readonly fields: F;
  /** What can be expected of it. */
  readonly expects: readonly ExpectationName[];
  /** What is expected when the scenario says nothing. */
  readonly usual: Expected;
  /** One line for the timeline: what happens, and to whom. */
  text(step: z.infer<z.ZodObject<F>>, run: Run): string;
  run(step: z.infer<z.ZodObject<F>>, run: Run): Promise<StepOutcome>;
}

// The table holds kinds of any fields; `stepKind` checks each record against its own.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyStepKind = StepKind<any>;

export const stepKind = <const F extends z.ZodRawShape>(record: StepKind<F>): StepKind<F> => record;

/** A step as every kind has it. */
export interface Step {
  readonly do: string;
  readonly name?: string | undefined;
  readonly guest?: string | undefined;
  readonly host?: string | undefined;
  readonly expect?: Expected | undefined;
  readonly [field: string]: unknown;
}

/** Fields that say to whom a step happens. */
export const GUEST = z.string().optional().describe('Name of the guest. May be left out when the scenario has only one.');
export const HOST = z.string().optional().describe('Name of the host. May be left out when the scenario has only one.');

/** The schema of a step of this kind. */
export function schemaOf(kind: AnyStepKind) {
  const can = Object.fromEntries([...kind.expects, ...ALWAYS].map(field => [field, expectations[field].schema.optional()]));
  return z
    .strictObject({
      do: z.literal(kind.name).describe(kind.about),
      name: NAME.optional().describe('A name of your own for this step, shown in reports.'),
      ...(kind.fields as z.ZodRawShape),
      expect: z
        .strictObject(can)
        .optional()
        .describe('What must come of the step. Without it: what goes without saying for this kind of step.'),
    })
    .describe(kind.about);
}
