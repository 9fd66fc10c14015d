import { z } from 'zod';
import type { AnyAction } from '../action.ts';
import { ruleSchema } from '../rule.ts';
import * as all from './all.ts';

/** Every action of the adversary, by the word after `do:`. Schema, engine, `explore` and documentation read it. */
export const actions: ReadonlyMap<string, AnyAction> = byName(Object.values(all));

function byName(records: readonly AnyAction[]): ReadonlyMap<string, AnyAction> {
  const table = new Map<string, AnyAction>();
  // By name: in which order a module gives its exports is up to who loads it.
  for (const action of records.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (table.has(action.name)) throw new RangeError(`two actions are called ${action.name}`);
    table.set(action.name, action);
  }
  return table;
}

const [first, ...others] = [...actions.values()].map(ruleSchema);
if (!first) throw new RangeError('the adversary has no actions');

/** What the hypervisor does that an honest one would not. */
export const ADVERSARY = z
  .array(z.discriminatedUnion('do', [first, ...others]))
  .describe('What the hypervisor does that an honest one would not: at which point, when, and what.');
