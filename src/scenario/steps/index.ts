import * as guest from './guest.ts';
import * as host from './host.ts';
import type { AnyStepKind } from './step-kind.ts';

const all = Object.values<AnyStepKind>({ ...host, ...guest });

/** Every kind of step, by the word after `do:`. Schema, runner and documentation read it. */
export const stepKinds: ReadonlyMap<string, AnyStepKind> = new Map(all.map(kind => [kind.name, kind]));
if (stepKinds.size !== all.length) throw new RangeError('two kinds of step have the same name');
