import type { RunLimits, Scenario, ScenarioReport } from '../../scenario/index.ts';
import { runScenario, seedOf, withOverrides } from '../../scenario/index.ts';
import type { AnyEvent, SimulatorError } from '../../sim/index.ts';

/** A scenario to be run. */
export interface RunJob {
  readonly id: number;
  readonly scenario: Scenario;
  readonly limits: RunLimits;
  /** Runs of it after the first, as long as it fails. */
  readonly retries: number;
  /** Each of them with a seed of its own. */
  readonly reseed?: boolean;
}

/** A run that was made: each try but the last failed. */
export interface Ran {
  readonly report: ScenarioReport;
  readonly events: readonly AnyEvent[];
  readonly ms: number;
  readonly stepMs: readonly number[];
  /** Reports of the tries before. */
  readonly failed: readonly ScenarioReport[];
}

/** The seed of a try, from 0: the scenario's own, then seeds made of it. */
const seedOfTry = (scenario: Scenario, tried: number): Scenario =>
  tried === 0 ? scenario : withOverrides(scenario, { seed: `${seedOf(scenario)}-try${tried + 1}` });

/** Runs a scenario, again and again as long as it fails and there are retries, and keeps the events of the last try. */
export async function tryScenario({ scenario, limits, retries, reseed = false }: Omit<RunJob, 'id'>, signal: AbortSignal): Promise<Ran> {
  const failed: ScenarioReport[] = [];
  for (;;) {
    const events: AnyEvent[] = [];
    const watch = stopwatch();
    const report = await runScenario(reseed ? seedOfTry(scenario, failed.length) : scenario, {
      limits,
      signal,
      onEvent: event => void events.push(event),
      onStep: watch.step,
      now: () => performance.now(),
    });
    if (report.ok || report.interrupted || failed.length === retries) return { report, events, ...watch.times(), failed };
    failed.push(report);
  }
}

/** Wall time of a run and of its steps. */
export function stopwatch() {
  const began = performance.now();
  let last = began;
  const stepMs: number[] = [];
  return {
    step() {
      const now = performance.now();
      stepMs.push(now - last);
      last = now;
    },
    times: () => ({ ms: performance.now() - began, stepMs }),
  };
}

/** What kept a worker from running it. */
interface Fault {
  readonly about?: ConstructorParameters<typeof SimulatorError>;
  readonly stack: string;
}
export type RunAnswer = { readonly id: number; readonly ran: Ran } | { readonly id: number; readonly fault: Fault };
