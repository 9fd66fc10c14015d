import { Random } from '../../sim/index.ts';
import type { Scenario } from '../language/scenario-schema.ts';
import { seedOf } from '../run/session.ts';
import type { Candidate, Deed } from './candidates.ts';
import type { Cut } from './interruptions.ts';
import type { Job } from './job.ts';

/** A run to be made: what happens in it, and what a worker is told. */
export interface Plan {
  readonly candidates: readonly Candidate[];
  readonly job: Omit<Job, 'id'>;
}

export interface Plans {
  readonly plans: readonly Plan[];
  /** Runs of one candidate that the budget left out. */
  readonly left: number;
}

/** With no budget of one's own: more pairs than anybody waits for. */
const MOST_PAIRS = 10_000_000;

/** One deed a run, or so many of them by chance; then pairs, as far as the budget goes. */
export function planDeeds(scenario: Scenario, deeds: readonly Deed[], depth: 1 | 2, budget: number): Plans {
  const singles = sample(deeds, budget, scenario);
  const pairs = depth === 2 ? pairsOf(deeds, Math.min(budget, MOST_PAIRS) - singles.length, scenario) : [];
  const plan = (candidates: readonly Deed[]): Plan => ({
    candidates,
    job: { rules: candidates.map(({ rule }) => rule), moment: Math.min(...candidates.map(({ moment }) => moment)) },
  });
  return { plans: [...singles.map(deed => plan([deed])), ...pairs.map(plan)], left: deeds.length - singles.length };
}

/** One interruption a run, or so many of them by chance. */
export function planCuts(scenario: Scenario, cuts: readonly Cut[], budget: number): Plans {
  const first = sample(cuts, budget, scenario);
  const plans = first.map((cut): Plan => ({ candidates: [cut], job: { rules: [], moment: cut.moment, interruption: cut.interruption } }));
  return { plans, left: cuts.length - first.length };
}

const chance = (scenario: Scenario): Random => new Random(seedOf(scenario)).fork('explore');

/** All of them, or so many by the scenario's seed, in their order. */
function sample<T>(all: readonly T[], count: number, scenario: Scenario): readonly T[] {
  if (all.length <= count) return all;
  const random = chance(scenario);
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(random.below(all.length));
  return all.filter((_, i) => chosen.has(i));
}

/** Pairs at different moments: all of them, or so many by chance. */
function pairsOf(all: readonly Deed[], count: number, scenario: Scenario): readonly (readonly Deed[])[] {
  const random = chance(scenario).fork('pairs');
  const pairs: Deed[][] = [];
  const known = new Set<string>();
  const possible = (all.length * (all.length - 1)) / 2;
  for (let tries = 0; pairs.length < Math.min(count, possible) && tries < count * 4; tries++) {
    const [a, b] = [random.below(all.length), random.below(all.length)].sort((x, y) => x - y) as [number, number];
    const [one, two] = [all[a], all[b]];
    if (!one || !two || one.moment === two.moment || known.has(`${a} ${b}`)) continue;
    known.add(`${a} ${b}`);
    pairs.push([one, two]);
  }
  return pairs;
}
