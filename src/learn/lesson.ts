import type { ScenarioReport } from '../scenario/index.ts';
import type { AnyEvent } from '../sim/index.ts';
import type { TracedRun, Viewpoint } from '../trace/index.ts';
import type { Answer } from './answers.ts';

/** A paragraph, or lines that keep their form. `code` and *new words* are marked as here. */
export type Block = string | { readonly pre: string };

/** What a scenario file says, as plain data; see docs/scenarios.md. */
export type ScenarioData = Readonly<Record<string, unknown>>;

/** A lesson: a run of the simulator, moments of it to stop at, questions on it, and things to change. */
export interface Lesson {
  /** As `svm-sim learn NAME` names it. */
  readonly name: string;
  readonly title: string;
  /** Its line in the list. */
  readonly line: string;
  readonly intro: readonly Block[];
  readonly scenario: ScenarioData;
  /** Through whose eyes the events are shown. Default: all of them. */
  readonly viewpoint?: Viewpoint;
  readonly stops: readonly Stop[];
  readonly questions: readonly Question[];
  readonly changes: readonly Change[];
  /** What a student can say afterwards. */
  readonly conclusion: readonly string[];
}

/** A lesson's run, over. */
export interface LessonRun {
  readonly report: ScenarioReport;
  readonly events: readonly AnyEvent[];
  /** The events as the lesson's viewpoint sees them. */
  readonly seen: readonly AnyEvent[];
  readonly traced: TracedRun;
}

/** A moment of the run with what it means. In a run that never gets there the stop is left out. */
export interface Stop {
  readonly title: string;
  readonly at: (run: LessonRun) => AnyEvent | undefined;
  readonly text: readonly Block[] | ((run: LessonRun, event: AnyEvent) => readonly Block[]);
}

/** A question. Its answer is worked out from the run each time; nothing is stored. */
export interface Question {
  readonly ask: string;
  /** The name of the change whose run it is about. Default: the lesson's own run. */
  readonly about?: string;
  readonly answer: (run: LessonRun, own: LessonRun) => Answer;
}

/** Something that the student can do to the run: a change of its scenario, seed or firmware. */
export interface Change {
  readonly name: string;
  /** What the student does: "Flip one bit of the kernel". */
  readonly title: string;
  /** To be thought about before the run is made. */
  readonly think: string;
  /** Goes over the lesson's scenario, key by key. */
  readonly over?: ScenarioData;
  readonly seed?: string;
  readonly profile?: string;
  readonly follows: (changed: LessonRun, own: LessonRun) => readonly string[];
}
