import { type CheckName, checks } from './checks.ts';
import { FIELDS, type Field, type FieldName, type ProfileFields } from './profile-fields.ts';

/** How a firmware behaves. Handlers ask for a field, never for the profile's name. */
export interface Profile extends ProfileFields {
  readonly name: string;
  readonly about: string;
  /** Checks that are left out. */
  readonly without: readonly CheckName[];
}

type ProfileName = 'documented' | 'published' | 'hardened' | 'published-as-built';

const ABOUT: Readonly<Record<ProfileName, string>> = {
  documented: 'the published code with the session, the lockbox choice and the return codes that the documents promise',
  published: 'what the published open-power code does, with strict digest checks',
  'published-as-built': 'the published code as its include/config.h builds it: failed checks of the blob are logged',
  hardened: 'the published code with a named fix for each weakness that can be closed within the real formats',
};

/** A field's value in a profile, with its reason and source. */
export function fieldOf<F extends FieldName>(name: string, field: F): Field<ProfileFields[F]>['published'] & { readonly differs: boolean } {
  const { published, ...over } = FIELDS[field];
  const own = name === 'documented' || name === 'hardened' || name === 'published-as-built' ? over[name] : undefined;
  return { ...(own ?? published), differs: own !== undefined };
}

export const fieldNames = Object.keys(FIELDS) as FieldName[];

function profileOf(name: ProfileName): Profile {
  // FIELDS is typed field by field; `fromEntries` forgets which value belongs to which.
  const values = Object.fromEntries(fieldNames.map(field => [field, fieldOf(name, field).is])) as unknown as ProfileFields;
  const without = [...checks].flatMap(([check, { leftOut }]) =>
    leftOut?.by.some(by => by === name || (by === 'published' && name === 'published-as-built')) ? [check] : [],
  );
  return { name, about: ABOUT[name], ...values, without };
}

/** What the published code does, but for strict digest checks. */
export const published = profileOf('published');
/** The documents' promises on top of the published code. */
const documented = profileOf('documented');
/** The published code with a fix for each weakness that the real formats allow to close (docs/reference/threats.md). */
export const hardened = profileOf('hardened');

/** The published code with its own configuration. */
const asBuilt = profileOf('published-as-built');

export const profiles: Readonly<Record<string, Profile>> = { documented, published, 'published-as-built': asBuilt, hardened };
export const profileNames: readonly string[] = Object.keys(profiles);
export const DEFAULT_PROFILE = 'documented';
