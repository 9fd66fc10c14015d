import type { Expected } from '../expect/expectations.ts';

/** A step, as every kind has it. */
export interface AnyStep {
  readonly do: string;
  readonly name?: string | undefined;
  readonly guest?: string | undefined;
  readonly host?: string | undefined;
  readonly expect?: Expected | undefined;
}
