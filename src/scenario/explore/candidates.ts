import { actions, type Rule } from '../adversary/index.ts';
import type { Moment } from '../adversary/moment.ts';
import { fits, type Selectors } from '../adversary/selectors.ts';

/** Something that could happen in a run. */
export interface Candidate {
  readonly rule: ShownRule;
  /** Number of the moment in the honest run. */
  readonly moment: number;
  /** Where it happens, as the table has it. */
  readonly label: string;
}

/** What happens, as people are shown it: a rule of the adversary, or an interruption in the same form. */
export interface ShownRule extends Selectors {
  readonly do: string;
  readonly at: string;
  readonly [field: string]: unknown;
}

/** Something that the adversary could do. */
export interface Deed extends Candidate {
  readonly rule: Rule;
}

/** Every applicable action at every moment of the honest run. */
export function candidatesOf(moments: readonly Moment[], severalGuests: boolean): readonly Deed[] {
  return moments.flatMap((moment, index) => {
    const selectors = selectorsOf(moment, severalGuests);
    const occurrence = moments.slice(0, index + 1).filter(other => fits(moment.point, selectors, other)).length;
    const label = [moment.point, moment.command ?? moment.region ?? moment.call].join(' ');
    const when = { ...selectors, ...(occurrence > 1 ? { occurrence } : {}) };
    return [...actions.values()]
      .filter(action => action.at.includes(moment.point))
      .flatMap(action =>
        action
          .variants(moment)
          .map((fields): Deed => ({ rule: { do: action.name, at: moment.point, ...when, ...fields }, moment: index, label })),
      );
  });
}

function selectorsOf({ point, guest, call, command, region }: Moment, severalGuests: boolean) {
  const only = severalGuests && guest !== undefined ? { guest } : {};
  switch (point) {
    case 'tpm-request':
    case 'tpm-response':
      return { ...only, ...(command === undefined ? {} : { command }) };
    case 'memory':
    case 'page':
      return { ...only, ...(region === undefined ? {} : { region }) };
    default:
      return { ...only, call, ...(command === undefined ? {} : { command }) };
  }
}

/** What a rule does, in a few words. */
export function showRule({ do: action, at, guest, call, command, region, occurrence, ...fields }: ShownRule): string {
  const where = [command ?? region ?? call, occurrence === undefined ? '' : `#${occurrence}`, guest === undefined ? '' : `of ${guest}`];
  const how = Object.entries(fields).map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  return [`${action} ${at}`, ...where, how.length > 0 ? `(${how.join(', ')})` : ''].filter(part => part !== '').join(' ');
}
