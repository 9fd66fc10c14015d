import type { AnyEvent } from '../sim/index.ts';
import type { Scenario } from './load.ts';
import type { ScenarioReport, StepReport } from './report.ts';
import { Session, type SessionOptions } from './session.ts';

/** What a run is made with. */
export interface RunOptions extends SessionOptions {
  /** Told every event, as it happens. */
  readonly onEvent?: (event: AnyEvent) => void;
  /** Told each step as soon as it is over. */
  readonly onStep?: (step: StepReport) => void;
  /** Ends the run before the next step. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a scenario on a machine of its own.
 * @throws {SimulatorError} when the environment fails (a TPM that cannot be reached). What simulated actors do is in the report.
 */
export async function runScenario(scenario: Scenario, options: RunOptions = {}): Promise<ScenarioReport> {
  const session = await Session.create(scenario, options);
  let interrupted = false;
  try {
    while (!session.over) {
      await new Promise(resolve => setImmediate(resolve)); // signals are heard between steps
      interrupted = options.signal?.aborted ?? false;
      if (interrupted) break;
      const step = await session.next();
      options.onStep?.(step);
    }
  } finally {
    await session.close();
  }
  return session.report(interrupted);
}
