import { fileURLToPath } from 'node:url';
import { parseScenario, runScenario, seedOf, withOverrides } from '../scenario/index.ts';
import { type AnyEvent, SimulatorError } from '../sim/index.ts';
import { seenAs, type TracedRun } from '../trace/index.ts';
import type { Change, Lesson, LessonRun } from './lesson.ts';

/** Paths in a lesson's scenario are relative to the catalogue. */
const CATALOGUE = fileURLToPath(new URL('../../fixtures/scenarios/', import.meta.url));

export interface LessonOptions {
  readonly seed?: string;
}

/** Makes the runs of a lesson: its own and those of its changes, each when it is first asked for. */
export class Runs {
  readonly lesson: Lesson;
  readonly #options: LessonOptions;
  readonly #made = new Map<string, Promise<LessonRun>>();

  constructor(lesson: Lesson, options: LessonOptions = {}) {
    this.lesson = lesson;
    this.#options = options;
  }

  /** The lesson's own run, or that of a change. */
  of(change?: Change): Promise<LessonRun> {
    const key = change?.name ?? '';
    const known = this.#made.get(key) ?? play(this.lesson, this.#options, change);
    this.#made.set(key, known);
    return known;
  }

  /** The run that a question is about. */
  about(name: string | undefined): Promise<LessonRun> {
    return this.of(name === undefined ? undefined : changeOf(this.lesson, name));
  }
}

function changeOf(lesson: Lesson, name: string): Change {
  const change = lesson.changes.find(one => one.name === name);
  if (!change) throw new RangeError(`lesson ${lesson.name} has no change ${name}`);
  return change;
}

async function play(lesson: Lesson, { seed }: LessonOptions, change: Change | undefined): Promise<LessonRun> {
  const text = JSON.stringify({ version: 1, title: lesson.title, ...lesson.scenario, ...change?.over });
  const own = await parseScenario(text, `${CATALOGUE}${lesson.name}`);
  const chance = change?.seed ?? seed;
  const scenario = withOverrides(own, {
    ...(chance === undefined ? {} : { seed: chance }),
    ...(change?.profile === undefined ? {} : { profile: change.profile }),
  });
  const events: AnyEvent[] = [];
  const report = await runScenario(scenario, { onEvent: event => events.push(event) });
  if (events.length === 0) throw new SimulatorError('learn.empty', { what: `nothing happened in lesson ${lesson.name}`, hint: '' });
  const traced: TracedRun = { about: { title: lesson.title, seed: seedOf(scenario), hosts: [] }, events, ok: report.ok };
  return { report, events, seen: seenAs(events, lesson.viewpoint ?? 'omniscient'), traced };
}
