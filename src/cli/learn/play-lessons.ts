import { type Lesson, lessons, playByKeys, playThrough, Runs, type Score } from '../../learn/index.ts';
import { nearest, SimulatorError } from '../../sim/index.ts';
import { painter } from '../../trace/index.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';
import { columns } from '../terminal/columns.ts';
import type { LearnFlags } from './flags.ts';
import { seatAt } from './seat.ts';
import { writePages } from './write-pages.ts';

/** Lists the lessons, plays some, or writes them as pages. */
export async function learn(names: readonly string[], { seed, html }: LearnFlags, io: Io): Promise<number> {
  if (html !== undefined) {
    if (names.length === 0) return writePages(html, seed, io);
    throw new SimulatorError('learn.html', { what: '--html writes all lessons: they link to each other', hint: 'Leave the lesson out.' });
  }
  const paint = painter(io.colors);
  if (names.length === 0) {
    io.out(`${columns(lessons.map(({ name, line }, i) => [String(i + 1).padStart(2), paint(name, 'heading'), line]))}\n\n`);
    io.out('svm-sim learn 1          plays the first; all of them take some two hours\n');
    io.out('svm-sim learn --html DIR writes them as pages for a browser\n');
    return EXIT.held;
  }
  const chosen = names.map(lessonOf);
  io.out(`${DISCLAIMER}\n`);
  const seat = seatAt(io);
  const results: { readonly lesson: Lesson; readonly score: Score | undefined }[] = [];
  try {
    for (const lesson of chosen) {
      const runs = new Runs(lesson, seed === undefined ? {} : { seed });
      const play = seat.key ? playByKeys : playThrough;
      results.push({ lesson, score: await play(lesson, lessons.indexOf(lesson) + 1, runs, seat) });
      if (io.signal.aborted) return EXIT.interrupted;
    }
  } finally {
    seat.close();
  }
  io.out(`\n${columns(results.map(({ lesson, score }) => [paint(lesson.name, 'heading'), told(score)]))}\n`);
  const next = lessons[lessons.indexOf(chosen.at(-1) as Lesson) + 1];
  if (next) io.out(`\nNext: svm-sim learn ${next.name}   ${next.line}\n`);
  return EXIT.held;
}

const told = (score: Score | undefined): string => {
  if (!score) return 'the questions were not asked';
  const open = score.open > 0 ? `, ${score.open} not answered` : '';
  return `${score.right} of ${score.asked} right${open}`;
};

/** A lesson by its number or name. */
function lessonOf(text: string): Lesson {
  const found = lessons.find(({ name }, i) => name === text || String(i + 1) === text);
  if (found) return found;
  const near = nearest(
    text,
    lessons.map(({ name }) => name),
  );
  throw new SimulatorError('learn.no-lesson', {
    what: `there is no lesson "${text}"`,
    hint: `${near ? `Did you mean "${near}"? ` : ''}Lessons are 1 to ${lessons.length}; svm-sim learn lists them.`,
  });
}
