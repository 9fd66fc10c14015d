export { Against } from './against.ts';
export { FORMATS } from './formats.ts';

export type { CaseResult, Difference } from './result.ts';
export { type ConformOptions, runConform } from './run.ts';

export { formatResult, formatSummary } from './text.ts';
