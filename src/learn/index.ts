export { indexPage, lessonPages, type Page } from './html/lesson-pages.ts';
export type { Lesson } from './lesson.ts';
export { Runs } from './lesson-runs.ts';
export { lessons } from './lessons/index.ts';
export { playByKeys } from './terminal/play-by-keys.ts';
export { playThrough } from './terminal/play-through.ts';
export type { Score, Seat } from './terminal/score.ts';
