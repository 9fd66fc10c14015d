/** A point in which the played and the recorded differ. */
export interface Difference {
  /** Where, in the recording's terms: `steps[2].r3`. */
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
}

/** What playing one recorded case gave. */
export interface PlayedCase {
  readonly name: string;
  readonly about?: string;
  readonly differences: readonly Difference[];
  /** Why it was not played. */
  readonly skipped?: string;
}

/** A played case as the report has it. */
export interface CaseResult extends PlayedCase {
  /** The file as it was named or found. */
  readonly file: string;
  /** Nothing differs, or all that differs is known, or it was skipped. */
  readonly ok: boolean;
  /** All its differences are in the list of known ones: why. */
  readonly known?: string;
}

/** Collects differences under a field name. */
export class Differences {
  readonly all: Difference[] = [];

  compare(field: string, expected: string | number | boolean, actual: string | number | boolean): void {
    if (expected !== actual) this.all.push({ field, expected: String(expected), actual: String(actual) });
  }
}
