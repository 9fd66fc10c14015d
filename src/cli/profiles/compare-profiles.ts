import { nearestFew, SimulatorError } from '../../sim/index.ts';
import { painter } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import type { ProfilesFlags } from './flags.ts';
import { checkEntries, fieldEntries, profileEntries, scenariosOf, stateOf, weaknesses } from './profile-entries.ts';
import { showProfile, showProfiles } from './profile-page.ts';

/** @throws {SimulatorError} `cli.unknown-profile`, with the nearest names. */
export function profiles(wanted: string | undefined, { json }: ProfilesFlags, io: Io): number {
  const paint = painter(io.colors);
  if (wanted === undefined) {
    io.out(json ? `${JSON.stringify(everything(), null, 2)}\n` : `${showProfiles(paint)}\n`);
    return EXIT.held;
  }
  const found = profileEntries.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  const names = profileEntries.map(({ name }) => name);
  if (!found) {
    const [near] = nearestFew(wanted, names);
    throw new SimulatorError('cli.unknown-profile', {
      what: `there is no profile "${wanted}"`,
      hint: `${near ? `Did you mean ${near}? ` : ''}Profiles: ${names.join(', ')}.`,
    });
  }
  io.out(json ? `${JSON.stringify(oneProfile(found.name, found.about), null, 2)}\n` : `${showProfile(found.name, paint)}\n`);
  return EXIT.held;
}

const everything = () => ({
  profiles: profileEntries,
  fields: fieldEntries,
  checks: checkEntries,
  weaknesses: weaknesses.map(weakness => ({ ...weakness, state: stateOf(weakness), shown: scenariosOf(weakness) })),
});

const oneProfile = (name: string, about: string) => ({
  name,
  about,
  fields: fieldEntries.map(({ field, about: what, calls, values }) => ({ field, about: what, calls, ...values[name] })),
  checks: checkEntries.map(({ check, about: what, made, leftOut }) => ({ check, about: what, made: made[name], leftOut })),
});
