import * as calls from './calls.ts';
import * as disk from './disk.ts';
import * as guest from './guest.ts';
import * as host from './host.ts';
import * as machine from './machine.ts';
import * as memory from './memory.ts';
import type { AnyStepKind } from './step-kind.ts';
import { migrate, tpm } from './tpm-devices.ts';

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
