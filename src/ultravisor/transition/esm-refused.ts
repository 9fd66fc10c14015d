import type { CheckName } from '../core/checks.ts';

/** The transition ends here. Deep checks throw it; `enterSecureMode` turns it into an abort and nowhere else. */
export class EsmRefused {
  /** U_* that the document has for it. */
  readonly code: number;
  readonly check: CheckName | (string & {});
  readonly why: string;
  readonly source: string;
  /** The failed check stands in the record already. */
  readonly recorded: boolean;

  constructor(code: number, check: CheckName | (string & {}), why: string, source: string, recorded = false) {
    this.code = code;
    this.check = check;
    this.why = why;
    this.source = source;
    this.recorded = recorded;
  }
}
