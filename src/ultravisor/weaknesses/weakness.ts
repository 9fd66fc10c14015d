import type { CheckName } from '../core/checks.ts';
import type { FieldName } from '../core/profile-fields.ts';

/** Scenarios of the catalogue, below `fixtures/scenarios/`, without `.yaml`. */
interface Shown {
  /** The attack comes to its end: it breaks a standing invariant, stops the machine, or gets what it wants as the scenario expects. */
  readonly succeeds?: { readonly profile: 'published' | 'documented'; readonly in: readonly string[] };
  /** The same under `hardened`: it fails. */
  readonly fails?: readonly string[];
  /** The same in every profile: refused where the design closes it, not to be helped where nothing can. */
  readonly same?: readonly string[];
}

type State =
  | { readonly is: 'closed by design' }
  | { readonly is: 'closed in hardened'; readonly by: readonly (FieldName | CheckName)[] }
  | { readonly is: 'cannot be closed'; readonly because: string };

/** What somebody may try, and what comes of it. */
export interface Weakness {
  /** "threat 13" leads to the one with this number, in docs/reference/threats.md. */
  readonly number: number;
  readonly attempt: string;
  /** What stops it, or does not. */
  readonly answer: string;
  readonly state: State;
  /** What is left all the same. */
  readonly rest?: string;
  readonly shown: Shown;
}

export const closed = { is: 'closed by design' } as const;
export const hardenedBy = (...by: readonly (FieldName | CheckName)[]) => ({ is: 'closed in hardened', by }) as const;
export const never = (because: string) => ({ is: 'cannot be closed', because }) as const;
export const pair = (...names: readonly string[]): Shown => ({
  succeeds: { profile: 'published', in: names.map(name => `attacks/${name}.published`) },
  fails: names.map(name => `attacks/${name}.hardened`),
});
export const same = (...names: readonly string[]): Shown => ({ same: names.map(name => (name.includes('/') ? name : `attacks/${name}`)) });
