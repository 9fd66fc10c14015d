export { indexPage, lessonPages, type Page } from './html/page.ts';
export type { Lesson } from './lesson.ts';
export { lessons } from './lessons/index.ts';
export { type LessonOptions, Runs } from './run.ts';
export { playByKeys } from './terminal/by-keys.ts';
export type { Score, Seat } from './terminal/score.ts';
export { playThrough } from './terminal/through.ts';
