export { Against } from './against.ts';
export { FORMATS, type Format, type PlayOptions } from './formats.ts';
export type { KnownDifference } from './known.ts';
export type { CaseResult, Difference, PlayedCase } from './result.ts';
export { type ConformOptions, type ConformReport, runConform } from './run.ts';
export type { Source } from './source.ts';
export { formatResult, formatSummary } from './text.ts';
