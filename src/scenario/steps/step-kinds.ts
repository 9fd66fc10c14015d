import * as calls from './call-steps.ts';
import * as disk from './disk-steps.ts';
import * as guest from './guest-steps.ts';
import * as host from './host-steps.ts';
import * as machine from './machine-steps.ts';
import * as memory from './memory-steps.ts';
import type { AnyStepKind } from './step-kind.ts';
import { migrate, tpm } from './tpm-device-steps.ts';

/** Every kind of step, by the word after `do:`. Schema, runner and documentation read it. */
export const stepKinds: ReadonlyMap<string, AnyStepKind> = byName({
  ...host,
  ...guest,
  ...calls,
  ...disk,
  ...memory,
  ...machine,
  migrate,
  tpm,
});

function byName(records: Readonly<Record<string, AnyStepKind>>): ReadonlyMap<string, AnyStepKind> {
  const kinds = new Map<string, AnyStepKind>();
  for (const kind of Object.values(records)) {
    if (kinds.has(kind.name)) throw new RangeError(`two kinds of step are called ${kind.name}`);
    kinds.set(kind.name, kind);
  }
  return kinds;
}
