import { nearest, SimulatorError } from '../../sim/index.ts';

/** Where a value stands in a document: keys and indexes from the root on. */
export type KeyPath = readonly (string | number)[];

/** Something wrong at a value of a document, before anybody has looked up where that value stands. */
export interface Complaint {
  readonly path: KeyPath;
  readonly what: string;
  readonly hint?: string | undefined;
}

/** Something wrong in a scenario file. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly what: string;
  readonly hint?: string;
  /** The source line. */
  readonly source: string;
}

/** A scenario file is wrong: every problem of it, in the order of the lines. */
export class ScenarioError extends SimulatorError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
    const first = sorted[0];
    const more = sorted.length > 1 ? ` (and ${sorted.length - 1} more)` : '';
    super('scenario.invalid', {
      where: first ? `${first.file}:${first.line}:${first.column}` : 'scenario',
      what: `${first?.what ?? 'invalid'}${more}`,
      ...(first?.hint ? { hint: first.hint } : {}),
    });
    this.problems = sorted;
  }
}

/** The nearest of the words that are left, else of all; and the choice itself when it is short. */
export function didYouMean(word: string, candidates: readonly string[], all: readonly string[] = candidates): string {
  const meant = nearest(word, candidates) ?? nearest(word, all);
  const guess = meant === undefined ? '' : `Did you mean "${meant}"? `;
  return all.length <= 24 ? `${guess}Possible: ${all.join(', ')}.` : guess.trim();
}
