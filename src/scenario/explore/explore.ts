import type { HostSpec } from '../../machine/index.ts';
import type { Scenario } from '../language/scenario-schema.ts';
import { overThreads } from '../run/workers.ts';
import { type Candidate, showRule } from './candidates.ts';
import { Explorer } from './explorer.ts';
import { type Answer, answerTo, type Job } from './job.ts';
import { pairsAtAll, planCuts, planDeeds } from './plan.ts';
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
  /** Runs that were made. */
  readonly done: number;
  /** Runs that a complete search makes: with every action, and without a budget. */
  readonly of: number;
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
    const all: readonly Candidate[] = interruptions ? explorer.cuts : explorer.candidates;
    const plans = interruptions
      ? planCuts(scenario, explorer.cuts.filter(only), budget)
      : planDeeds(scenario, explorer.candidates.filter(only), depth, budget);
    const work = plans.map(({ job }, id): Job => ({ id, ...job }));
    const findings: (Finding | undefined)[] = new Array(work.length);
    const faults: { rules: string; error: string }[] = [];
    let done = 0;
    const take = (answer: Answer): void => {
      const { candidates = [] } = plans[answer.id] ?? {};
      if ('verdict' in answer) findings[answer.id] = { candidates, verdict: answer.verdict };
      else faults.push({ rules: candidates.map(({ rule }) => showRule(rule)).join(' and '), error: answer.error });
      done++;
      onProgress?.(done, work.length);
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
    const of = all.length + (depth === 2 && !interruptions ? pairsAtAll(all) : 0);
    return { scenario, findings: minimal(findings.filter(finding => finding !== undefined)), faults, done, of };
  } finally {
    await explorer.close();
  }
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
