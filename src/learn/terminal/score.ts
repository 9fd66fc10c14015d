import { isRight } from '../answers.ts';
import { consequenceOf } from '../consequence.ts';
import type { Change, Lesson } from '../lesson.ts';
import type { Runs } from '../lesson-runs.ts';
import { type Look, showConsequence, showQuestion, showVerdict } from './screens.ts';

/** Where a student sits: what is said to him, and what he types. */
export interface Seat extends Look {
  say(text: string): void;
  /** A line that is typed; undefined when there is no more input. */
  line(prompt: string): Promise<string | undefined>;
  /** One key: a character, or `left`, `right`, `escape`, `return`. Absent where there is no keyboard. */
  readonly key?: () => Promise<string | undefined>;
}

export interface Score {
  readonly asked: number;
  readonly right: number;
  /** Questions without an answer. */
  readonly open: number;
}

/** Asks every question of a lesson. */
export async function askAll(lesson: Lesson, runs: Runs, seat: Seat): Promise<Score> {
  let [right, open] = [0, 0];
  for (const [i, { ask, about, answer }] of lesson.questions.entries()) {
    const found = answer(await runs.about(about), await runs.of());
    seat.say(showQuestion(ask, found, `Question ${i + 1} of ${lesson.questions.length}`, seat));
    const typed = await seat.line('  Your answer: ');
    const given = typed !== undefined && typed.trim() !== '';
    const good = given && isRight(found, typed);
    if (good) right++;
    if (!given) open++;
    seat.say(showVerdict(given ? good : null, found, seat));
  }
  return { asked: lesson.questions.length, right, open };
}

/** Makes the run of a change and tells what follows. */
export async function tellChange(runs: Runs, change: Change, seat: Seat): Promise<void> {
  const [changed, own] = [await runs.of(change), await runs.of()];
  seat.say(showConsequence(change, consequenceOf(changed, own), change.follows(changed, own), seat));
}
