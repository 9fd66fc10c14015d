import { visible, visibleLines } from '../bytes/index.ts';

/**
 * Something the person did or lacks: shown without a stack, with place and hint. What a simulated actor did is never an
 * exception of this kind, and a fault of the simulator itself goes up untouched.
 */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
  /** Stable name of the problem, `room.what`. */
  readonly code: string;
  /** File, line, column, field or byte offset. */
  readonly where: string | undefined;
  readonly what: string;
  /** What to do about it. */
  readonly hint: string | undefined;
  /** `input`: the person's file or option is wrong (exit status 2); `environment`: something is missing or unreachable (3). */
  readonly blame: 'input' | 'environment';

  constructor(code: string, about: { where?: string; what: string; hint?: string; blame?: 'input' | 'environment'; cause?: unknown }) {
    // Names and words of the input stand in them: no message makes a line of its own, or moves a cursor.
    const where = about.where === undefined ? undefined : visible(about.where);
    const what = visible(about.what);
    super(`${where ? `${where}: ` : ''}${what}`, { cause: about.cause });
    this.code = code;
    this.where = where;
    this.what = what;
    this.hint = about.hint === undefined ? undefined : visibleLines(about.hint);
    this.blame = about.blame ?? 'input';
  }
}

/** The candidate that is closest to a misspelt word, by edit distance; none if all are far off. */
export const nearest = (word: string, candidates: Iterable<string>): string | undefined => nearestFew(word, candidates, 1)[0];

/** The candidates that are closest to a misspelt word, the closest first; those that are far off are left out. */
export function nearestFew(word: string, candidates: Iterable<string>, few = 3): string[] {
  const limit = Math.max(2, Math.ceil(word.length / 2));
  return [...candidates]
    .map(candidate => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, few)
    .map(({ candidate }) => candidate);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
