import type { AnyEvent } from '../../sim/index.ts';
import { hostNamed, hostsOf } from '../language/machines.ts';
import type { Scenario } from '../language/scenario-schema.ts';
import { canStrike, type Interruption } from '../run/interruptions.ts';
import type { Move, Whom } from '../steps/stage.ts';
import { kindOf, type Step } from '../steps/step-kinds.ts';
import type { Candidate } from './candidates.ts';

/** What of an event of the honest run decides whether the run can be interrupted there. */
export type Marked = Pick<AnyEvent, 'seq' | 'kind' | 'host' | 'lpid'> & { readonly label: string };

export const marked = (event: AnyEvent): Marked => ({
  seq: event.seq,
  kind: event.kind,
  ...(event.host === undefined ? {} : { host: event.host }),
  ...(event.lpid === undefined ? {} : { lpid: event.lpid }),
  label: `${event.kind}${'name' in event.data ? ` ${event.data.name}` : ''}`,
});

export interface Cut extends Candidate {
  readonly interruption: Interruption;
}

/**
 * A machine reset of each guest, and a loss of power of each host, at every event at which they can take effect: at any other event they
 * take effect at the next of these.
 */
export function cutsOf({ document }: Scenario, events: readonly Marked[]): readonly Cut[] {
  const [first] = hostsOf(document);
  const targets: Omit<Interruption, 'event'>[] = hostsOf(document).map(({ name }) => ({ fault: 'power-loss', host: name }));
  for (const { lpid, host = first?.name ?? 'host' } of document.guests ?? []) targets.push({ fault: 'machine-reset', host, lpid });
  return targets.flatMap(target =>
    events
      .filter(event => canStrike(target, event))
      .map(({ seq, label }): Cut => {
        const guest = document.guests?.find(({ lpid, host = first?.name }) => lpid === target.lpid && host === target.host)?.name;
        const rule = { do: target.fault, at: 'event', event: seq, ...(guest === undefined ? { host: target.host } : { guest }) };
        return { rule, moment: 0, label: `${target.fault} at ${label}`, interruption: { ...target, event: seq } };
      }),
  );
}

/** What is done after an interruption: it starts again, and all that the scenario does from there on. `struck`: the step that was cut. */
export function recovery({ document }: Scenario, { fault, host, lpid }: Interruption, struck: number): readonly Step[] {
  const { steps, guests = [] } = document;
  const guest = guests.find(one => one.lpid === lpid && hostNamed(document, one.host) === host);
  const moved = (step: Step, move: Move): Whom | undefined => {
    const kind = kindOf(step);
    return kind.moves === move ? kind.whom(step, document) : undefined;
  };
  const bootedBy = (step: Step): string | undefined => {
    const whom = moved(step, 'boots');
    return whom?.is === 'host' ? whom.host : undefined;
  };
  const begins = steps.findLastIndex((step, i) => {
    if (i > struck) return false;
    if (fault === 'power-loss') return bootedBy(step) === host;
    const whom = moved(step, 'starts');
    return whom?.is === 'guest' && whom.guest === guest;
  });
  const again: Step = fault === 'power-loss' ? { do: 'reboot', host } : { do: 'reboot', guest: guest?.name };
  const booted = new Set(steps.slice(0, struck + 1).map(bootedBy));
  return [again, ...steps.slice(begins + 1).filter(step => bootedBy(step) === undefined || !booted.has(bootedBy(step)))];
}
