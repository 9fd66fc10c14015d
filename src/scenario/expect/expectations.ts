import { z } from 'zod';
import { count, eventually, hidden, inOrder, never, registers, saw, takes } from './events.ts';
import type { Evidence, Expectation, Mismatch } from './expectation.ts';
import { bytes, password, refusedBy, responses, state, wrappingKey } from './facts.ts';
import { result } from './result.ts';
import { disk } from './unlocked-disk.ts';

/** Everything that can stand under `expect`: schema, runner and documentation read it. */
export const expectations = {
  result,
  state,
  bytes,
  refusedBy,
  responses,
  wrappingKey,
  password,
  disk,
  registers,
  // biome-ignore lint/suspicious/noThenProperty: a word of the language; nobody awaits the table
  then: inOrder, // oxlint-disable-line unicorn/no-thenable -- the same
  eventually,
  never,
  count,
  saw,
  hidden,
  takes,
};

/** What can be expected of every kind of step. */
export const ALWAYS = ['then', 'eventually', 'never', 'count', 'saw', 'hidden', 'takes'] as const satisfies readonly ExpectationName[];

export type ExpectationName = keyof typeof expectations;
export type Expected = { readonly [K in ExpectationName]?: Wanted[K] | undefined };

type Wanted = { readonly [K in ExpectationName]: z.infer<(typeof expectations)[K]['schema']> };
type Fields = { readonly [K in ExpectationName]: z.ZodOptional<(typeof expectations)[K]['schema']> };
const checks: { readonly [K in ExpectationName]: Pick<Expectation<z.ZodType<Wanted[K]>>, 'check'> } = expectations;

const names = Object.keys(expectations) as ExpectationName[];
// Object.fromEntries forgets which name goes with which schema.
const FIELDS = z.strictObject(Object.fromEntries(names.map(name => [name, expectations[name].schema.optional()])) as Fields);

/** The field `expect` of a step of which these can be expected. */
export function expectOf(own: readonly ExpectationName[]) {
  const can: { [K in ExpectationName]?: true } = {};
  for (const name of [...own, ...ALWAYS]) can[name] = true;
  return FIELDS.pick(can).optional().describe('What must come of the step. Without it: what goes without saying for this kind of step.');
}

/** Fields that say by themselves how the step as a whole comes out: with one of them the usual expectation is not meant. */
const DECISIVE: readonly ExpectationName[] = ['result', 'state', 'refusedBy'];

/** What is expected of a step: what the scenario says, on top of what goes without saying. */
export function completed(said: Expected | undefined, usual: Expected): Expected {
  if (!said) return usual;
  return DECISIVE.some(field => said[field] !== undefined) ? said : { ...usual, ...said };
}

/** Every expectation that does not hold. */
export function judge(expected: Expected, evidence: Evidence): readonly Mismatch[] {
  const mismatches: Mismatch[] = [];
  const failed = evidence.outcome.inner?.find(({ ok }) => !ok);
  if (failed) mismatches.push({ field: failed.name, expected: 'every strand holds', actual: failed.text });
  for (const field of names) {
    const mismatch = judged(field, expected[field], evidence);
    if (mismatch) mismatches.push({ field, ...mismatch });
  }
  return mismatches;
}

const judged = <K extends ExpectationName>(field: K, wanted: Wanted[K] | undefined, evidence: Evidence) =>
  wanted === undefined ? undefined : checks[field].check(wanted, evidence);
