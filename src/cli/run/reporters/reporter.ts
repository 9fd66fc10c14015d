import type { ScenarioReport } from '../../../scenario/index.ts';

/** A scenario that was run, and the wall time that it took. */
export interface Outcome {
  readonly report: ScenarioReport;
  readonly ms: number;
}

/** A form in which the verdicts of all runs are written for another program. */
export interface Reporter {
  readonly name: string;
  readonly about: string;
  write(outcomes: readonly Outcome[]): string;
}

/** Why a scenario failed, a line each. */
export function failures({ steps, invariants, notRun, interrupted, ended }: ScenarioReport): readonly string[] {
  const wrong = steps.flatMap(({ ok, number, name, why, mismatches }) =>
    ok
      ? []
      : [
          `step ${number} (${name}): ${why?.sentence ?? 'not what was expected'}`,
          ...mismatches.map(({ field, expected, actual }) => `  ${field}: expected ${expected}, actual ${actual}`),
        ],
  );
  const broken = invariants.flatMap(({ ok, name, text }) => (ok ? [] : [`${name}: ${text}`]));
  const rest = notRun > 0 ? [`${notRun} steps were not run${interrupted ? ': interrupted' : ''}`] : [];
  return [...wrong, ...broken, ...(ended ? [`ended (${ended.reason}): ${ended.text}`] : []), ...rest];
}
