import { nearest, SimulatorError, type Version } from '../../sim/index.ts';
import { TPM_VERSIONS, type TpmVersion } from '../../tpm/index.ts';
import { DEFAULT_GENERATION, GENERATION_NAMES, GENERATIONS, type Generation, type GenerationName } from './generations.ts';
import { knownVersion, PROGRAM_NAMES, PROGRAMS, type Program } from './programs.ts';

/** A generation by name, or single programs that are otherwise than in one. */
export type GenerationChoice =
  | string
  | (Partial<Readonly<Record<Program, string>>> & {
      /** The generation of all other programs. */
      readonly base?: string;
      /** Of libtpms. */
      readonly profile?: string;
    });

type VersionOf<P extends Program> = (typeof PROGRAMS)[P][number];

/** What runs: a version of each program, and what it was asked for as. */
export interface ChosenGeneration {
  /** `sid`, or `debian12 with libtpms 0.10.2 (default-v1)`. */
  readonly name: string;
  /** Versions as people ask for them. */
  readonly programs: Readonly<Record<Program, string>>;
  readonly qemu: VersionOf<'qemu'>;
  readonly linux: VersionOf<'linux'>;
  readonly libtpms: TpmVersion;
  readonly swtpm: VersionOf<'swtpm'>;
  readonly libvirt: VersionOf<'libvirt'>;
}

/**
 * @param where to blame: a place in a scenario, or the option.
 * @throws {SimulatorError} `generation.unknown`.
 */
export function chooseGeneration(choice: GenerationChoice | undefined = DEFAULT_GENERATION, where?: string): ChosenGeneration {
  const { base = DEFAULT_GENERATION, profile, ...single } = typeof choice === 'string' ? { base: choice } : choice;
  const { programs: shipped } = named(base, where);
  const asked: Record<Program, string> = { ...shipped };
  for (const [program, version] of Object.entries(single)) {
    if (!PROGRAM_NAMES.includes(program as Program)) throw unknown('program', program, PROGRAM_NAMES, where);
    const versions = PROGRAMS[program as Program].map(one => one.version);
    if (!versions.includes(version)) throw unknown(`version of ${program}`, version, [...new Set(versions)], where);
    asked[program as Program] = version;
  }
  const libtpms = tpmVersion(asked.libtpms, profile, where);
  return chosen(nameOf(base, single, libtpms, profile), asked, libtpms);
}

/**
 * As people write it: `sid`, `libtpms=0.10.2,profile=default-v1`, `sid,qemu=7.2`.
 * @throws {SimulatorError} `generation.unknown`.
 */
export function parseGeneration(text: string, where: string): GenerationChoice {
  const parts = text.split(',').map(part => part.trim());
  const [base, ...more] = parts.filter(part => !part.includes('='));
  if (more.length > 0)
    throw unknown(
      'program and version',
      more[0] ?? '',
      PROGRAM_NAMES.map(name => `${name}=VERSION`),
      where,
    );
  const single = parts
    .filter(part => part.includes('='))
    .map(part => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]);
  const choice = { ...(base === undefined ? {} : { base }), ...Object.fromEntries(single) } as GenerationChoice;
  chooseGeneration(choice, where);
  return single.length === 0 && base !== undefined ? base : choice;
}

/** Versions that a recording says it was made with: of those that are not known, the next older one is taken. */
export function observedGeneration(programs: Partial<Readonly<Record<Program, string>>>, profile?: string): ChosenGeneration {
  const asked = { ...GENERATIONS[DEFAULT_GENERATION].programs, ...programs };
  const { version } = knownVersion(TPM_VERSIONS, asked.libtpms);
  const of = TPM_VERSIONS.filter(one => one.version === version);
  const libtpms = of.find(one => one.profile === profile) ?? of[0];
  if (!libtpms) throw new RangeError('no version of libtpms');
  const name = Object.entries(programs).map(([program, of]) => `${program} ${of}`);
  return chosen([...name, ...(profile === undefined ? [] : [`profile ${profile}`])].join(', ') || DEFAULT_GENERATION, asked, libtpms);
}

const chosen = (name: string, programs: Readonly<Record<Program, string>>, libtpms: TpmVersion): ChosenGeneration => ({
  name,
  programs,
  qemu: knownVersion(PROGRAMS.qemu, programs.qemu),
  linux: knownVersion(PROGRAMS.linux, programs.linux),
  libtpms,
  swtpm: knownVersion(PROGRAMS.swtpm, programs.swtpm),
  libvirt: knownVersion(PROGRAMS.libvirt, programs.libvirt),
});

function named(name: string, where: string | undefined): Generation {
  if (Object.hasOwn(GENERATIONS, name)) return GENERATIONS[name as GenerationName];
  throw unknown('generation', name, GENERATION_NAMES, where);
}

/** Without a profile a TPM is in the first that its version has. */
function tpmVersion(version: string, profile: string | undefined, where: string | undefined): TpmVersion {
  const known = knownVersion(TPM_VERSIONS, version).version;
  const of = TPM_VERSIONS.filter(one => one.version === known);
  const found = profile === undefined ? of[0] : of.find(one => one.profile === profile);
  if (found) return found;
  const profiles = of.flatMap(one => one.profile ?? []);
  if (profiles.length > 0) throw unknown(`profile of libtpms ${version}`, profile ?? '', profiles, where);
  throw new SimulatorError('generation.unknown', {
    ...(where === undefined ? {} : { where }),
    what: `libtpms ${version} has no profiles, so no "${profile}"`,
    hint: 'Profiles came with libtpms 0.10: choose that too.',
  });
}

function nameOf(base: string, single: Partial<Record<Program, string>>, libtpms: TpmVersion, profile: string | undefined): string {
  const programs = Object.entries(single).map(([program, version]) => `${program} ${version}`);
  const profiles = profile === undefined ? [] : [`profile ${libtpms.profile}`];
  const others = [...programs, ...profiles];
  return others.length > 0 ? `${base} with ${others.join(', ')}` : base;
}

function unknown(what: string, asked: string, known: readonly string[], where: string | undefined): SimulatorError {
  const close = nearest(asked, known);
  return new SimulatorError('generation.unknown', {
    ...(where === undefined ? {} : { where }),
    what: `there is no ${what} "${asked}"`,
    hint: `${close ? `Did you mean "${close}"? ` : ''}There are: ${known.join(', ')}.`,
  });
}

/** All that two of them do differently, by program: what only the second does otherwise than the base, and what only the first does. */
export interface ProgramDifferences {
  readonly program: Program;
  readonly from: string;
  readonly to: string;
  readonly added: Version<unknown>['differences'];
  readonly dropped: Version<unknown>['differences'];
}

export function differencesBetween(a: ChosenGeneration, b: ChosenGeneration): readonly ProgramDifferences[] {
  return PROGRAM_NAMES.map(program => {
    const from: Version<unknown> = a[program];
    const to: Version<unknown> = b[program];
    const only = (these: Version<unknown>, those: Version<unknown>) =>
      these.differences.filter(({ name }) => !those.differences.some(other => other.name === name));
    const shown = (version: string, { profile }: Version<unknown>) => (profile === undefined ? version : `${version} (profile ${profile})`);
    return {
      program,
      from: shown(a.programs[program], from),
      to: shown(b.programs[program], to),
      added: only(to, from),
      dropped: only(from, to),
    };
  });
}
