import { z } from 'zod';
import { type ExpectationName, type Expected, expectOf } from '../expect/expectations.ts';
import { guestNamed, hostNamed, type Machines } from '../language/machines.ts';
import type { Complaint } from '../language/problem.ts';
import { NAME } from '../language/values.ts';
import type { AnyStep } from '../run/any-step.ts';
import type { Run } from '../run/run-state.ts';
import type { StepOutcome } from '../run/step-outcome.ts';
import type { Move, Whom } from './stage.ts';

type Word = z.ZodOptional<z.ZodString>;
/** Fields that say to whom a step happens. */
interface Whose {
  readonly host?: Word;
  readonly guest?: Word;
}
export const OF_A_GUEST = { guest: z.string().optional().describe('Name of the guest. May be left out when the scenario has only one.') };
export const OF_A_HOST = { host: z.string().optional().describe('Name of the host. May be left out when the scenario has only one.') };
/** It happens to all at once. */
export const OF_NOBODY = {};

type StepOf<N extends string, W extends Whose, F extends z.ZodRawShape> = z.output<ReturnType<typeof schemaOf<N, W, F>>>;

/** A kind of step as its record declares it: all that the language, the runner and the documentation know of it. */
interface StepRecord<N extends string, W extends Whose, F extends z.ZodRawShape> {
  /** The word after `do:`. */
  readonly name: N;
  readonly about: string;
  /** To whom it happens. With both fields it is of the guest if the step names one, else of the host. */
  readonly of: W;
  /** What it does to whom it is of. Without: it needs a host that has booted, or a guest that runs, and leaves it so. */
  readonly moves?: Move;
  readonly fields: F;
  /** What can be expected of it. */
  readonly expects: readonly ExpectationName[];
  /** What is expected when the scenario says nothing. */
  readonly usual: Expected;
  /** What the schema cannot say: names that must exist, words that go together. Paths begin at the step. */
  problems?(step: StepOf<N, W, F>, machines: Machines): Iterable<Complaint>;
  /** Steps within the step. */
  strands?(step: StepOf<N, W, F>): readonly (readonly AnyStep[])[];
  /** One line for the timeline: what happens, and to whom. */
  text(step: StepOf<N, W, F>, run: Run): string;
  run(step: StepOf<N, W, F>, run: Run): Promise<StepOutcome>;
}

/** A kind of step, for whoever has steps of any kind: each is read by the schema of its record before its handler gets it. */
export interface StepKind<S extends z.ZodType = z.ZodType>
  extends Pick<StepRecord<string, Whose, z.ZodRawShape>, 'name' | 'about' | 'moves' | 'usual'> {
  readonly schema: S;
  /** Its step names both a host and a guest where one of them is meant. */
  readonly isOfBoth: (step: AnyStep) => boolean;
  isOf(step: AnyStep): Whom['is'] | 'nobody';
  /** To whom it happens; undefined: to nobody, or to a guest that there is not. */
  whom(step: AnyStep, machines: Machines): Whom | undefined;
  problems(step: AnyStep, machines: Machines): readonly Complaint[];
  strands(step: AnyStep): readonly (readonly AnyStep[])[];
  text(step: AnyStep, run: Run): string;
  run(step: AnyStep, run: Run): Promise<StepOutcome>;
}

export function stepKind<const N extends string, W extends Whose, const F extends z.ZodRawShape>(record: StepRecord<N, W, F>) {
  const { name, about, of, usual, moves } = record;
  const schema = schemaOf(record);
  const both = 'host' in of && 'guest' in of;
  const isOf = (step: AnyStep): Whom['is'] | 'nobody' => {
    if ('guest' in of && !(both && step.guest === undefined)) return 'guest';
    return 'host' in of ? 'host' : 'nobody';
  };
  return {
    name,
    about,
    usual,
    ...(moves === undefined ? {} : { moves }),
    schema,
    isOf,
    isOfBoth: (step: AnyStep) => both && step.guest !== undefined && step.host !== undefined,
    whom(step: AnyStep, machines: Machines): Whom | undefined {
      const is = isOf(step);
      if (is === 'host') return { is, host: hostNamed(machines, step.host) };
      const guest = is === 'guest' ? guestNamed(machines, step.guest) : undefined;
      return guest && { is: 'guest', guest };
    },
    problems: (step: AnyStep, machines: Machines) => [...(record.problems?.(schema.parse(step), machines) ?? [])],
    strands: (step: AnyStep) => record.strands?.(schema.parse(step)) ?? [],
    text: (step: AnyStep, run: Run) => record.text(schema.parse(step), run),
    run: async (step: AnyStep, run: Run) => record.run(schema.parse(step), run),
  };
}

/** The schema of a step of this kind. Fields may be getters: a step within a step is how the language recurs. */
function schemaOf<N extends string, W extends Whose, F extends z.ZodRawShape>({
  name,
  about,
  of,
  fields,
  expects,
}: Pick<StepRecord<N, W, F>, 'name' | 'about' | 'of' | 'fields' | 'expects'>) {
  return z
    .strictObject({
      do: z.literal(name).describe(about),
      name: NAME.optional().describe('A name of your own for this step, shown in reports.'),
    })
    .extend(of)
    .extend(fields)
    .extend({ expect: expectOf(expects) })
    .describe(about);
}
