import type { AnyEvent } from '../../sim/index.ts';
import type { Scenario } from '../language/scenario-schema.ts';
import { honestRuns } from './honest-run.ts';
import { RunEnded, wallEnded } from './limits.ts';
import type { ScenarioReport, StepReport } from './report.ts';
import { Session, type SessionOptions } from './session.ts';

/** What a run is made with. */
export interface RunOptions extends SessionOptions {
  /** Told every event, as it happens. */
  readonly onEvent?: (event: AnyEvent) => void;
  /** Told each step as soon as it is over. */
  readonly onStep?: (step: StepReport) => void;
  /** Ends the run before the next step, or in the midst of one that waits. */
  readonly signal?: AbortSignal;
  /** @internal Given the run as soon as its machine is there. */
  readonly onSession?: (session: Session) => void;
}

/** What a step that is at work when the person interrupts may still take. */
const PATIENCE_MS = 1_000;

/**
 * Runs a scenario on a machine of its own.
 * @throws {SimulatorError} when the environment fails (a TPM that cannot be reached). What simulated actors do is in the report.
 */
export async function runScenario(scenario: Scenario, options: RunOptions = {}): Promise<ScenarioReport> {
  const { signal, limits = {}, onSession, onStep } = options;
  const session = await Session.create(scenario, { honest: honestRuns(scenario, options), ...options });
  onSession?.(session);
  const outside = fromOutside(signal, limits.wallMs);
  try {
    while (!session.over) {
      await new Promise(resolve => setImmediate(resolve)); // signals are heard between steps
      if (signal?.aborted) return session.report(true);
      const step = await Promise.race([session.next(), outside.ends]);
      onStep?.(step);
    }
    return session.report();
  } catch (error) {
    if (!(error instanceof RunEnded)) throw error;
    session.end(error);
    return session.report(signal?.aborted ?? false, error);
  } finally {
    outside.done();
    await session.close();
  }
}

/** Ends a run that waits: for a TPM that does not answer, say. A step that is only at work comes to its end first. */
function fromOutside(signal: AbortSignal | undefined, wallMs: number | undefined): { ends: Promise<never>; done(): void } {
  const timers: NodeJS.Timeout[] = [];
  let abort = (): void => {};
  const ends = new Promise<never>((_, reject) => {
    if (wallMs !== undefined) timers.push(setTimeout(() => reject(wallEnded(wallMs)), wallMs));
    abort = () => void timers.push(setTimeout(() => reject(new RunEnded('break', 'interrupted')), PATIENCE_MS));
  });
  ends.catch(() => {}); // nobody may wait for it
  signal?.addEventListener('abort', abort, { once: true });
  return {
    ends,
    done() {
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
}
