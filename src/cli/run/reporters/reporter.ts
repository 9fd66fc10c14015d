import { type LinePlace, placeOfFailure, type ScenarioReport, showMismatch } from '../../../scenario/index.ts';
import type { Broken, RunFacts } from '../sinks.ts';

/** A scenario that was run, and the wall time that it took. */
export interface Outcome extends RunFacts {
  readonly report: ScenarioReport;
}

/** What became of a scenario. */
export type Entry = Outcome | { readonly broken: Broken };

/** A form in which the verdicts of all runs are written for another program. */
export interface Reporter {
  readonly name: string;
  readonly about: string;
  write(entries: readonly Entry[]): string;
}

/** Something that is wrong with a run: what failed first, then why. */
export interface Failure {
  /** Stable name of the kind of failure. */
  readonly rule: string;
  readonly lines: readonly [string, ...string[]];
  readonly place?: LinePlace | undefined;
}

/** Why a scenario failed. */
export function failuresOf({ steps, invariants, notRun, interrupted, ended, warnings, ok, file }: ScenarioReport): readonly Failure[] {
  const wrong = steps.flatMap(({ ok: good, number, name, why, mismatches, place }): Failure[] => {
    if (good) return [];
    const [first = 'not what was expected', ...more] = mismatches.map(showMismatch);
    const because = why ? [why.sentence] : [];
    return [
      {
        rule: 'expectation',
        lines: [`step ${number} (${name}): ${first}`, ...more.map(text => `  ${text}`), ...because],
        place: placeOfFailure(place, mismatches),
      },
    ];
  });
  const broken = invariants.flatMap(({ ok: good, name, text }): Failure[] => (good ? [] : [{ rule: name, lines: [`${name}: ${text}`] }]));
  const limit = ended ? [{ rule: 'ended', lines: [`ended (${ended.reason}): ${ended.text}`] as const }] : [];
  // They are failures where nothing else can be: with --strict.
  const strict = !ok && wrong.length + broken.length + limit.length === 0 && !interrupted ? warnings.map(warned) : [];
  const rest =
    notRun > 0 ? [{ rule: 'not-run', lines: [`${notRun} steps were not run${interrupted ? ': interrupted' : ''}`] as const }] : [];
  return [...wrong, ...broken, ...limit, ...strict, ...rest].map(one =>
    'place' in one && one.place ? one : { ...one, place: { file, line: 1 } },
  );
}

export const warned = ({ text, place }: ScenarioReport['warnings'][number]): Failure => ({ rule: 'never-struck', lines: [text], place });

/** The same, a line each. */
export const failures = (report: ScenarioReport): readonly string[] => failuresOf(report).flatMap(({ lines }) => lines);
