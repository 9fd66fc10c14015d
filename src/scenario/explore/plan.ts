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

/** One deed a run, or so many of them by chance; then pairs, as far as the budget goes. */
export function planDeeds(scenario: Scenario, deeds: readonly Deed[], depth: 1 | 2, budget: number): readonly Plan[] {
  const singles = sample(deeds, budget, scenario);
  const pairs = depth === 2 ? pairsOf(deeds, budget - singles.length, scenario) : [];
  const plan = (candidates: readonly Deed[]): Plan => ({
    candidates,
    job: { rules: candidates.map(({ rule }) => rule), moment: Math.min(...candidates.map(({ moment }) => moment)) },
  });
  return [...singles.map(deed => plan([deed])), ...pairs.map(plan)];
}

/** One interruption a run, or so many of them by chance. */
export function planCuts(scenario: Scenario, cuts: readonly Cut[], budget: number): readonly Plan[] {
  return sample(cuts, budget, scenario).map(cut => ({
    candidates: [cut],
    job: { rules: [], moment: cut.moment, interruption: cut.interruption },
  }));
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

/** How many pairs at different moments there are. */
export function pairsAtAll(all: readonly Candidate[]): number {
  const at = new Map<number, number>();
  for (const { moment } of all) at.set(moment, (at.get(moment) ?? 0) + 1);
  const choose = (n: number): number => (n * (n - 1)) / 2;
  return [...at.values()].reduce((pairs, n) => pairs - choose(n), choose(all.length));
}

/** Pairs at different moments: all of them, or so many by chance. */
function pairsOf(all: readonly Deed[], count: number, scenario: Scenario): readonly (readonly Deed[])[] {
  if (count >= pairsAtAll(all)) {
    return all.flatMap((one, i) => all.slice(i + 1).flatMap(two => (one.moment === two.moment ? [] : [[one, two]])));
  }
  const random = chance(scenario).fork('pairs');
  const pairs: Deed[][] = [];
  const known = new Set<string>();
  while (pairs.length < count) {
    const [a, b] = [random.below(all.length), random.below(all.length)].sort((x, y) => x - y) as [number, number];
    const [one, two] = [all[a], all[b]];
    if (!one || !two || one.moment === two.moment || known.has(`${a} ${b}`)) continue;
    known.add(`${a} ${b}`);
    pairs.push([one, two]);
  }
  return pairs;
}
