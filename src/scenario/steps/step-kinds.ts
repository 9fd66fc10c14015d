import { z } from 'zod';
import { choices } from '../language/values.ts';
import type { AnyStep } from '../run/any-step.ts';
import * as boards from './board-steps.ts';
import * as calls from './call-steps.ts';
import * as disk from './disk-steps.ts';
import * as guest from './guest-steps.ts';
import * as host from './host-steps.ts';
import * as hostTpm from './host-tpm-steps.ts';
import * as memory from './memory-steps.ts';
import { parallelOf } from './parallel-step.ts';
import type { StepKind } from './step-kind.ts';
import * as tpmDevices from './tpm-device-steps.ts';

const parallel = parallelOf(anyStep);
const KINDS = [
  ...Object.values(host),
  ...Object.values(guest),
  ...Object.values(calls),
  ...Object.values(disk),
  ...Object.values(memory),
  ...Object.values(hostTpm),
  parallel,
  ...Object.values(tpmDevices),
  ...Object.values(boards),
];

/** Every kind of step, by the word after `do:`. Schema, runner and documentation read it. */
export const stepKinds: ReadonlyMap<string, StepKind> = byName(KINDS);

/** A step of any kind. */
export const STEP = z.discriminatedUnion('do', choices(KINDS.map(({ schema }) => schema))).meta({ id: 'step' });
export type Step = z.infer<typeof STEP>;

function anyStep(): z.ZodType<AnyStep> {
  return STEP;
}

/** The kind of a step that the language knows. */
export function kindOf(step: AnyStep): StepKind {
  const kind = stepKinds.get(step.do);
  if (!kind) throw new RangeError(`there is no step "${step.do}"`);
  return kind;
}

function byName(kinds: readonly StepKind[]): ReadonlyMap<string, StepKind> {
  const table = new Map<string, StepKind>();
  for (const kind of kinds) {
    if (table.has(kind.name)) throw new RangeError(`two kinds of step are called ${kind.name}`);
    table.set(kind.name, kind);
  }
  return table;
}
