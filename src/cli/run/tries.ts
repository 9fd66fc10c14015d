import type { RunLimits, Scenario, ScenarioReport } from '../../scenario/index.ts';
import { runScenario } from '../../scenario/index.ts';
import type { AnyEvent, SimulatorError } from '../../sim/index.ts';

/** A scenario to be run. */
export interface RunJob {
  readonly id: number;
  readonly scenario: Scenario;
  readonly limits: RunLimits;
  /** Runs of it after the first, as long as it fails. */
  readonly retries: number;
}

/** A run that was made: each try but the last failed. */
export interface Ran {
  readonly report: ScenarioReport;
  readonly events: readonly AnyEvent[];
  readonly ms: number;
  /** Reports of the tries before. */
  readonly failed: readonly ScenarioReport[];
}

/** Runs a scenario, again and again as long as it fails and there are retries, and keeps the events of the last try. */
export async function tryScenario({ scenario, limits, retries }: Omit<RunJob, 'id'>, signal: AbortSignal): Promise<Ran> {
  const failed: ScenarioReport[] = [];
  for (;;) {
    const events: AnyEvent[] = [];
    const began = performance.now();
    const report = await runScenario(scenario, { limits, signal, onEvent: event => void events.push(event), now: () => performance.now() });
    if (report.ok || report.interrupted || failed.length === retries) return { report, events, ms: performance.now() - began, failed };
    failed.push(report);
  }
}

/** What kept a worker from running it. */
interface Fault {
  readonly about?: ConstructorParameters<typeof SimulatorError>;
  readonly stack: string;
}
export type RunAnswer = { readonly id: number; readonly ran: Ran } | { readonly id: number; readonly fault: Fault };
