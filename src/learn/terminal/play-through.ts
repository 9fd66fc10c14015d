import type { Lesson } from '../lesson.ts';
import type { Runs } from '../lesson-runs.ts';
import { knowledgeAt, momentsOf } from '../moments.ts';
import { askAll, type Score, type Seat, tellChange } from './score.ts';
import { showConclusion, showIntro, showKnowledge, showMoment, showThink } from './screens.ts';

/** A lesson from its beginning to its end, for who has no keyboard: answers are read, a line each. */
export async function playThrough(lesson: Lesson, number: number, runs: Runs, seat: Seat): Promise<Score> {
  const own = await runs.of();
  const moments = momentsOf(lesson, own);
  seat.say(showIntro(lesson, number, seat));
  for (const [i, moment] of moments.entries()) seat.say(showMoment(moment, `${i + 1} of ${moments.length}`, seat));
  seat.say(`\n${seat.paint('Who knows what at the end', 'heading')}\n\n${showKnowledge(knowledgeAt(own, own.events.length), seat)}`);
  const score = await askAll(lesson, runs, seat);
  for (const change of lesson.changes) {
    seat.say(showThink(change, seat));
    await tellChange(runs, change, seat);
  }
  seat.say(showConclusion(lesson, seat));
  return score;
}
