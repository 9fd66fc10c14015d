import { stringify } from 'yaml';
import type { AnyEvent } from '../sim/index.ts';
import { diffRuns, lineOf } from '../trace/index.ts';
import type { Change, LessonRun } from './lesson.ts';

/** What became of a changed run, as the run itself tells it. */
export interface Consequence {
  /** The first event at which something else happens than before; absent: the course is the same. */
  readonly parts?: { readonly seq: number; readonly before: string; readonly now: string };
  /** Step by step: whether it came out as it should, and if not, why. */
  readonly steps: readonly { readonly ok: boolean; readonly text: string }[];
  readonly notRun: number;
  /** Standing invariants: no-leak and its like. */
  readonly invariants: readonly { readonly name: string; readonly ok: boolean; readonly text: string }[];
}

const ENDED = '(the run had ended)';

export function consequenceOf(changed: LessonRun, own: LessonRun): Consequence {
  const { course } = diffRuns(own.traced, changed.traced);
  const line = (event: AnyEvent | undefined): string => (event ? `#${event.seq}  ${event.actor}: ${lineOf(event).text}` : ENDED);
  const parts = { seq: course?.b?.seq ?? course?.a?.seq ?? 0, before: line(course?.a), now: line(course?.b) };
  return {
    // Events that differ only in what a person is not shown, such as the name of a step, tell nothing.
    ...(parts.before !== parts.now && { parts }),
    steps: changed.report.steps.map(({ ok, text, why }) => ({ ok, text: why?.sentence ?? text })),
    notRun: changed.report.notRun,
    invariants: changed.report.invariants.map(({ name, ok, text }) => ({ name, ok, text })),
  };
}

/** The change as lines of a scenario file: what to write to do the same with `svm-sim run`. */
export function asScenario({ over, seed, profile }: Change): string {
  const options = [seed !== undefined && `--seed ${seed}`, profile !== undefined && `--profile ${profile}`].filter(Boolean);
  const lines = over ? stringify(over, { lineWidth: 100, flowCollectionPadding: true }).trimEnd() : '';
  return [lines, options.length > 0 ? `# svm-sim run FILE ${options.join(' ')}` : ''].filter(Boolean).join('\n');
}
