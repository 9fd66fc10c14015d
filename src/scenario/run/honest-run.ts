import type { AnyEvent } from '../../sim/index.ts';
import type { Scenario } from '../language/scenario-schema.ts';
import { keysOf } from './explanation.ts';
import type { HonestRuns } from './honest-step.ts';
import { hostPlans } from './host-plans.ts';
import { Session, type SessionOptions } from './session.ts';

/** Nobody waits for an explanation longer than for this. */
const MOST_EVENTS = 200_000;

/** Runs of a scenario with which a failed one is compared. Only where another run costs nothing: each has TPMs of its own. */
export function honestRuns(scenario: Scenario, { createMachine, profile }: SessionOptions): HonestRuns | undefined {
  const { document } = scenario;
  if (!document.adversary && !document.faults) return undefined;
  if (createMachine || hostPlans(scenario).some(({ tpm }) => tpm !== 'embedded')) return undefined;
  return async (step, without) => {
    const kept = (kind: string) => (_: unknown, i: number) => without !== 'all' && !without.has(`${kind} ${i + 1}`);
    const { adversary = [], faults = [], ...rest } = document;
    const left = { ...rest, adversary: adversary.filter(kept('rule')), faults: faults.filter(kept('fault')) };
    const events: AnyEvent[] = [];
    const session = await Session.create(
      { ...scenario, document: left },
      { ...(profile === undefined ? {} : { profile }), onEvent: event => void events.push(event), limits: { events: MOST_EVENTS } },
    );
    try {
      for (const earlier of document.steps.slice(0, step)) await session.play(earlier);
      events.length = 0;
      const { outcome, mismatches } = await session.play(document.steps[step] as (typeof document.steps)[number]);
      return { outcome, mismatches, keys: keysOf(events) };
    } catch (error) {
      // A guest that an attack would have made is not there without it: then there is nothing to compare with.
      if (error instanceof Error) return undefined;
      throw error;
    } finally {
      await session.close();
    }
  };
}
