import type { HostSpec } from '../../machine/index.ts';
import { Random } from '../../sim/index.ts';
import type { Scenario } from '../language/scenario-schema.ts';
import { seedOf } from '../run/session.ts';
import { overThreads } from '../run/workers.ts';
import { type Candidate, showRule } from './candidates.ts';
import { Explorer } from './explorer.ts';
import type { Cut } from './interruptions.ts';
import { type Answer, answerTo, type Job } from './job.ts';
import type { Verdict } from './verdict.ts';

export interface ExploreOptions {
  /** 1: one action a run; 2: pairs of them as well. */
  readonly depth?: 1 | 2;
  /** In place of an adversary: a machine reset and a loss of power at every event; afterwards all must come as before. */
  readonly interruptions?: boolean;
  /** At most so many runs. */
  readonly budget?: number;
  /** Worker threads; 0: in this thread. */
  readonly jobs?: number;
  readonly profile?: HostSpec['profile'];
  /** Only candidates that this takes. */
  readonly only?: (candidate: Candidate) => boolean;
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/** A run is short: with some in hand a worker never waits. */
const AHEAD = 4;

/** One run of the exploration. */
export interface Finding {
  readonly candidates: readonly Candidate[];
  readonly verdict: Verdict;
}

export interface Exploration {
  readonly scenario: Scenario;
  readonly findings: readonly Finding[];
  /** Runs in which the simulator itself failed. */
  readonly faults: readonly { readonly rules: string; readonly error: string }[];
  /** Runs that the budget left out. */
  readonly left: number;
}

/** Runs the scenario with every action at every moment, and says what came of each. */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Exploration> {
  const {
    depth = 1,
    budget = Number.POSITIVE_INFINITY,
    jobs = 0,
    profile,
    interruptions = false,
    only = () => true,
    onProgress,
    signal,
  } = options;
  const explorer = await Explorer.prepare(scenario, profile);
  try {
    const singles = (interruptions ? explorer.cuts : explorer.candidates).filter(only).map(candidate => [candidate]);
    const first = singles.length > budget ? sample(singles, budget, scenario) : singles;
    const pairs = depth === 2 && !interruptions ? pairsOf(singles.flat(), Math.min(budget, 10_000_000) - first.length, scenario) : [];
    const plans = [...first, ...pairs];
    const work = plans.map(
      (plan, id): Job => ({
        id,
        rules: plan.map(({ rule }) => rule),
        moment: Math.min(...plan.map(({ moment }) => moment)),
        ...(interruptions ? { interruption: (plan[0] as Cut).interruption } : {}),
      }),
    );
    const findings: (Finding | undefined)[] = new Array(work.length);
    const faults: { rules: string; error: string }[] = [];
    let done = 0;
    const take = (answer: Answer): void => {
      const candidates = plans[answer.id] ?? [];
      if ('verdict' in answer) findings[answer.id] = { candidates, verdict: answer.verdict };
      else faults.push({ rules: candidates.map(({ rule }) => showRule(rule)).join(' and '), error: answer.error });
      onProgress?.(++done, work.length);
    };
    // A firmware that is no profile by name cannot travel to the workers' scenario.
    if (jobs > 0 && profile === undefined) {
      const module = new URL('./explore.worker', import.meta.url);
      await overThreads<Job, Answer>({
        module,
        workerData: scenario,
        jobs: work,
        threads: jobs,
        ahead: AHEAD,
        signal,
        onAnswer: take,
      });
    } else for (const job of work) if (!signal?.aborted) take(await answerTo(explorer, job));
    const all = findings.filter(finding => finding !== undefined);
    return { scenario, findings: minimal(all), faults, left: singles.length - first.length };
  } finally {
    await explorer.close();
  }
}

const chance = (scenario: Scenario): Random => new Random(seedOf(scenario)).fork('explore');

/** So many of them, by the scenario's seed, in their order. */
function sample<T>(all: readonly T[], count: number, scenario: Scenario): readonly T[] {
  const random = chance(scenario);
  const chosen = new Set<number>();
  while (chosen.size < Math.min(count, all.length)) chosen.add(random.below(all.length));
  return [...chosen].sort((a, b) => a - b).map(i => all[i] as T);
}

/** Pairs at different moments: all of them, or so many by chance. */
function pairsOf(all: readonly Candidate[], count: number, scenario: Scenario): readonly (readonly Candidate[])[] {
  const random = chance(scenario).fork('pairs');
  const pairs: Candidate[][] = [];
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

/** A pair of which one alone violates something says nothing new. */
function minimal(findings: readonly Finding[]): readonly Finding[] {
  const alone = new Set(
    findings
      .filter(({ candidates, verdict }) => candidates.length === 1 && verdict.is === 'violation')
      .flatMap(({ candidates }) => candidates),
  );
  return findings.filter(
    ({ candidates, verdict }) => verdict.is !== 'violation' || candidates.length === 1 || !candidates.some(one => alone.has(one)),
  );
}
