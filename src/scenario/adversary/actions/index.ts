import { z } from 'zod';
import { type AnyAction, ruleSchema } from '../action.ts';
import type { Point, Selectors } from '../points.ts';
import * as blob from './blob.ts';
import * as bytes from './bytes.ts';
import * as calls from './calls.ts';
import * as extras from './extra.ts';
import * as fields from './fields.ts';
import * as recording from './recording.ts';
import * as registers from './registers.ts';
import * as swaps from './swap.ts';
import * as tpm from './tpm.ts';

/** Every action of the adversary, by the word after `do:`. Schema, engine, `explore` and documentation read it. */
export const actions: ReadonlyMap<string, AnyAction> = byName({
  ...bytes,
  ...fields,
  ...swaps,
  ...blob,
  ...calls,
  ...extras,
  ...registers,
  ...tpm,
  ...recording,
});

function byName(records: Readonly<Record<string, AnyAction>>): ReadonlyMap<string, AnyAction> {
  const table = new Map<string, AnyAction>();
  for (const action of Object.values(records)) {
    if (table.has(action.name)) throw new RangeError(`two actions are called ${action.name}`);
    table.set(action.name, action);
  }
  return table;
}

const SCHEMAS = [...actions.values()].map(ruleSchema);

/** What the hypervisor does that an honest one would not. */
export const ADVERSARY = z
  .array(z.discriminatedUnion('do', SCHEMAS as [(typeof SCHEMAS)[number], ...typeof SCHEMAS]))
  .describe('What the hypervisor does that an honest one would not: at which point, when, and what.');

/** A rule as the scenario has it. */
export interface Rule extends Selectors {
  readonly do: string;
  readonly at: Point;
  readonly [field: string]: unknown;
}
