import { checks, FIELDS, fieldNames, fieldOf, profileNames, profiles, WEAKNESSES, type Weakness } from '../../ultravisor/index.ts';

interface ValueEntry {
  readonly value: string;
  readonly why: string;
  readonly source: string;
  /** Another value than the published code has. */
  readonly differs: boolean;
}

/** A field with its value in each profile. */
export interface FieldEntry {
  readonly field: string;
  readonly about: string;
  readonly calls: readonly string[];
  readonly values: Readonly<Record<string, ValueEntry>>;
}

export interface CheckEntry {
  readonly check: string;
  readonly about: string;
  readonly source: string;
  readonly calls: readonly string[];
  readonly made: Readonly<Record<string, boolean>>;
  /** Why some profiles leave it out. */
  readonly leftOut: string | null;
}

export interface ProfileEntry {
  readonly name: string;
  readonly about: string;
}

export const profileEntries: readonly ProfileEntry[] = Object.values(profiles).map(({ name, about }) => ({ name, about }));

const inEach = <T>(of: (profile: string) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(profileNames.map(name => [name, of(name)]));

export const fieldEntries: readonly FieldEntry[] = fieldNames.map(field => ({
  field,
  about: FIELDS[field].about,
  calls: FIELDS[field].calls,
  values: inEach(profile => {
    const { is, why, source, differs } = fieldOf(profile, field);
    return { value: String(is), why, source, differs };
  }),
}));

export const checkEntries: readonly CheckEntry[] = [...checks].map(([check, { about, source, calls, leftOut }]) => ({
  check,
  about,
  source,
  calls,
  made: inEach(profile => !(profiles[profile]?.without.includes(check) ?? false)),
  leftOut: leftOut?.why ?? null,
}));

/** In one sentence: closed, closed where, or why not. */
export function stateOf({ state }: Weakness): string {
  switch (state.is) {
    case 'closed by design':
      return 'closed by design';
    case 'closed in hardened':
      return `open; closed in hardened by ${state.by.join(', ')}`;
    case 'cannot be closed':
      return `open; cannot be closed: ${state.because}`;
  }
}

/** Scenarios that show it, with what they show. */
export function scenariosOf({ shown }: Weakness): readonly { readonly file: string; readonly shows: string }[] {
  return [
    ...(shown.succeeds?.in ?? []).map(file => ({ file, shows: `succeeds (${shown.succeeds?.profile})` })),
    ...(shown.fails ?? []).map(file => ({ file, shows: 'fails (hardened)' })),
    ...(shown.same ?? []).map(file => ({ file, shows: 'every profile' })),
  ];
}

export { WEAKNESSES as weaknesses };
