import type { AnyAction } from './action.ts';
import { actions } from './actions/index.ts';
import type { Moment } from './moment.ts';
import type { Rule } from './rule.ts';
import { fits } from './selectors.ts';

/** A rule with the record of its action. */
export interface Meant<K extends AnyAction['kind'] = AnyAction['kind']> {
  readonly rule: Rule;
  readonly action: Extract<AnyAction, { kind: K }>;
}

interface Watched extends Meant {
  /** Moments that fitted its selectors so far. */
  seen: number;
}

/** Notes every moment that passes a point, and says which rules mean it. */
export class RuleWatch {
  readonly #moments: Moment[];
  readonly #rules: readonly Watched[];

  constructor(rules: readonly Rule[], before: readonly Moment[]) {
    this.#moments = [...before];
    this.#rules = rules.map(rule => ({ rule, action: actionOf(rule), seen: before.filter(moment => fits(rule.at, rule, moment)).length }));
  }

  get moments(): readonly Moment[] {
    return this.#moments;
  }

  /** Notes the moment; the rules whose turn it is. */
  meant<K extends AnyAction['kind']>(moment: Moment, kind: K): readonly Meant<K>[] {
    // At an ultracall both the call and its registers can be meant: it is noted once, with the call.
    if (!(moment.point === 'ultracall' && kind === 'registers')) this.#moments.push(moment);
    return this.#rules.filter((entry): entry is Watched & Meant<K> => {
      const { rule, action } = entry;
      if (action.kind !== kind || !fits(rule.at, rule, moment)) return false;
      entry.seen++;
      return rule.occurrence === 'every' || entry.seen === (rule.occurrence ?? 1);
    });
  }
}

function actionOf({ do: name }: Rule): AnyAction {
  const action = actions.get(name);
  if (!action) throw new RangeError(`there is no action ${name}`);
  return action;
}
