import { actions, type Rule } from '../adversary/index.ts';
import type { Moment } from '../adversary/moment.ts';
import { fits } from '../adversary/selectors.ts';

/** Something that the adversary could do in a run. */
export interface Candidate {
  readonly rule: Rule;
  /** Number of the moment in the honest run. */
  readonly moment: number;
  /** Where it happens, as the table has it. */
  readonly label: string;
}

/** Every applicable action at every moment of the honest run. */
export function candidatesOf(moments: readonly Moment[], severalGuests: boolean): readonly Candidate[] {
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
          .map(fields => ({ rule: { do: action.name, at: moment.point, ...when, ...fields } as Rule, moment: index, label })),
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
export function showRule({ do: action, at, guest, call, command, region, occurrence, ...fields }: Rule): string {
  const where = [command ?? region ?? call, occurrence === undefined ? '' : `#${occurrence}`, guest === undefined ? '' : `of ${guest}`];
  const how = Object.entries(fields).map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  return [`${action} ${at}`, ...where, how.length > 0 ? `(${how.join(', ')})` : ''].filter(part => part !== '').join(' ');
}
