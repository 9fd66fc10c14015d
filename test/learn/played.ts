import { choicesOf } from '../../src/learn/answers.ts';
import { type Lesson, lessons, Runs } from '../../src/learn/index.ts';

const made = new Map<Lesson, Runs>();

/** The runs of a lesson: tests share them, for each takes its time. */
export function runsOf(lesson: Lesson): Runs {
  const runs = made.get(lesson) ?? new Runs(lesson);
  made.set(lesson, runs);
  return runs;
}

export function lessonNamed(name: string): Lesson {
  const lesson = lessons.find(one => one.name === name);
  if (!lesson) throw new Error(`no lesson ${name}`);
  return lesson;
}

/** What to type to have every question of a lesson right, or wrong. */
export async function answersOf(lesson: Lesson, wrong = false): Promise<readonly string[]> {
  const runs = runsOf(lesson);
  const own = await runs.of();
  return Promise.all(
    lesson.questions.map(async ({ about, answer }) => {
      const found = answer(await runs.about(about), own);
      return wrong ? (choicesOf(found)?.find(choice => choice !== found.right) ?? 'no idea') : found.right;
    }),
  );
}
