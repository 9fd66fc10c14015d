export { Against } from './against.ts';
export type { CaseResult, Difference } from './played-case.ts';
export { RECORDING_KINDS } from './recording-kinds.ts';
export { formatResult, formatSummary } from './result-lines.ts';
export { type ConformOptions, runConform } from './run-conform.ts';
