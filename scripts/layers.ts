import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { type Import, importsOf, type Token, tokens } from './scan.ts';

/** The house as docs/architecture.md draws it: one truth for people and for this check. */
export interface House {
  /** Foundation first: a room imports only from rooms before it. */
  readonly rooms: readonly string[];
  /** Pairs that ignore each other though one stands before the other. */
  readonly strangers: readonly (readonly [string, string])[];
}

export interface Minimum {
  readonly files: number;
  readonly rooms: number;
  readonly imports: number;
}

export interface Inspection {
  readonly files: number;
  readonly rooms: number;
  readonly imports: number;
  /** `src/x.ts:12: room hcall may not import ultravisor`; empty when all is well. */
  readonly errors: readonly string[];
}

interface Source {
  /** From `src/` on, with slashes. */
  readonly path: string;
  readonly room: string | null;
  readonly tokens: readonly Token[];
  readonly imports: readonly Import[];
}

/** The library's entry may import every room, and belongs to none. */
const ENTRY = 'index.ts';
/** Folders within a room whose own index outsiders may import as well. */
const SIDE_DOORS = ['tpm/client', 'svm/owner/host-certificate', 'svm/owner/recipe'];
const MAY_PRINT = new Set(['cli']);
const MAY_BE_UNPREDICTABLE = new Set(['sim', 'cli']);

/** Reads the table of rooms and the sentence on rooms that ignore each other. */
export function houseFrom(architecture: string): House {
  const table = /^\| room \|.*\n\|[-| ]+\|\n((?:\|.*\n?)+)/m.exec(architecture)?.[1] ?? '';
  const rooms = [...table.matchAll(/^\| `([\w/-]+)\/` \|/gm)].map(([, room]) => room as string);
  const strangers = [...architecture.matchAll(/`([\w/-]+)\/` and `([\w/-]+)\/` ignore each other/g)].map(
    ([, one, other]) => [one as string, other as string] as const,
  );
  return { rooms, strangers };
}

/** Inspects `root/src` against the house. A tree too small to be the real one is an error, not a success. */
export function inspect(root: string, house: House, minimum: Minimum): Inspection {
  const sources = sourcesOf(root, house);
  const known = new Set(sources.map(({ path }) => path));
  const seen = {
    files: sources.length,
    rooms: new Set(sources.map(({ room }) => room).filter(room => room !== null)).size,
    imports: sources.reduce((sum, { imports }) => sum + imports.length, 0),
  };
  const errors = sources.flatMap(source => [
    ...(source.room === null && source.path !== ENTRY ? [`src/${source.path}:1: lies in no room of docs/architecture.md`] : []),
    ...source.imports.flatMap(one => importFaults(source, one, house, known).map(fault => say(source, one.line, fault))),
    ...callFaults(source),
  ]);
  for (const what of ['files', 'rooms', 'imports'] as const) {
    if (seen[what] < minimum[what]) {
      errors.push(`src: saw ${seen[what]} ${what}, expected at least ${minimum[what]}: a check that sees nothing proves nothing`);
    }
  }
  return { ...seen, errors };
}

const sourcesOf = (root: string, house: House): readonly Source[] =>
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map(path => path.replaceAll('\\', '/'))
    .filter(path => /\.[cm]?tsx?$/.test(path))
    .sort()
    .map(path => read(root, path, house));

const say = ({ path }: Source, line: number, fault: string): string => `src/${path}:${line}: ${fault}`;

function read(root: string, path: string, house: House): Source {
  const list = tokens(readFileSync(join(root, 'src', path), 'utf8'));
  return { path, room: roomOf(path, house), tokens: list, imports: importsOf(list) };
}

/** The innermost room: `tpm/wire` is not `tpm`. */
function roomOf(path: string, { rooms }: House): string | null {
  const holding = rooms.filter(room => path.startsWith(`${room}/`));
  return holding.sort((a, b) => b.length - a.length)[0] ?? null;
}

function importFaults(source: Source, { specifier, names }: Import, house: House, known: ReadonlySet<string>): string[] {
  if (specifier === null) return ['a computed import hides from this check: import a literal path'];
  if (!specifier.startsWith('.')) return specifier.endsWith(':process') || specifier === 'process' ? processFaults(source, names) : [];
  const target = posix.join(posix.dirname(source.path), specifier);
  if (target.startsWith('../')) return [`${specifier} leaves src/`];
  if (target === ENTRY) return ['nobody imports src/index.ts'];
  if (!known.has(target)) return [`${specifier} is no file of src/`];
  const theirs = roomOf(target, house);
  if (theirs === source.room) return [];
  if (theirs === null) return [`${specifier} lies in no room`];
  const faults: string[] = [];
  if (source.room !== null && !mayImport(source.room, theirs, house)) faults.push(`room ${source.room} may not import ${theirs}`);
  const doors = [theirs, ...SIDE_DOORS.filter(door => door.startsWith(`${theirs}/`))].map(door => `${door}/index.ts`);
  if (!doors.includes(target)) faults.push(`outsiders enter room ${theirs} through ${doors.join(' or ')}, not ${target}`);
  return faults;
}

function mayImport(from: string, to: string, { rooms, strangers }: House): boolean {
  if (rooms.indexOf(to) > rooms.indexOf(from)) return false;
  return !strangers.some(pair => pair.includes(from) && pair.includes(to));
}

const PRINTS = [['console'], ...['exit', 'exitCode', 'stdin', 'stdout', 'stderr', 'abort'].map(name => ['process', '.', name])];
const CHANCE_AND_TIME = [
  ['Math', '.', 'random'],
  ['Date', '.', 'now'],
  ['new', 'Date'],
  ['performance', '.', 'now'],
  ['process', '.', 'hrtime'],
];
/** What node:crypto and WebCrypto draw from the machine instead of from the seed. */
const UNSEEDED = new Set(
  `randomBytes randomFill randomFillSync randomInt randomUUID getRandomValues generateKey generateKeySync generateKeyPair generateKeyPairSync
   generatePrime generatePrimeSync`.split(/\s+/),
);

function processFaults({ room }: Source, names: readonly string[]): string[] {
  if (room !== null && MAY_PRINT.has(room)) return [];
  const loud = names.filter(name => PRINTS.some(([object, , member]) => object === 'process' && member === name));
  return loud.map(name => `only cli/ prints or exits: ${name} of node:process`);
}

function callFaults(source: Source): string[] {
  const faults: string[] = [];
  const room = source.room ?? '';
  if (!MAY_PRINT.has(room)) {
    for (const { name, line } of uses(source.tokens, PRINTS)) faults.push(say(source, line, `only cli/ prints or exits: ${name}`));
  }
  if (!MAY_BE_UNPREDICTABLE.has(room)) {
    for (const { name, line } of [...uses(source.tokens, CHANCE_AND_TIME), ...unseeded(source)]) {
      faults.push(say(source, line, `chance and time come from World, not from ${name}`));
    }
  }
  return faults;
}

interface Use {
  readonly name: string;
  readonly line: number;
}

/** Where a sequence such as `Math . random` stands, unless it is a member of something else (`globalThis` excepted). */
function uses(list: readonly Token[], sequences: readonly (readonly string[])[]): Use[] {
  return list.flatMap((token, i) => {
    const member = list[i - 1]?.text === '.' && list[i - 2]?.text !== 'globalThis';
    if (token.kind !== 'word' || member) return [];
    return sequences
      .filter(sequence => sequence.every((text, n) => list[i + n]?.text === text && list[i + n]?.kind !== 'string'))
      .filter(([first]) => first !== 'console' || list[i + 1]?.text === '.')
      .map(sequence => ({ name: sequence.join(sequence[0] === 'new' ? ' ' : ''), line: token.line }));
  });
}

function unseeded({ tokens: list, imports }: Source): Use[] {
  const ofCrypto = imports.filter(({ specifier }) => /^(node:)?crypto$/.test(specifier ?? ''));
  const named = ofCrypto.flatMap(({ names, line }) => names.filter(name => UNSEEDED.has(name)).map(name => ({ name, line })));
  const spaces = new Set(['crypto', 'subtle', 'webcrypto', ...ofCrypto.flatMap(({ namespaces }) => namespaces)]);
  const members = list.flatMap(({ text, line }, i) =>
    UNSEEDED.has(text) && list[i - 1]?.text === '.' && spaces.has(list[i - 2]?.text ?? '') ? [{ name: text, line }] : [],
  );
  return [...named, ...members];
}

/** Which rooms each room imports from. */
export function importGraph(root: string, house: House): ReadonlyMap<string, ReadonlySet<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { path, room, imports } of sourcesOf(root, house)) {
    if (room === null) continue;
    const uses = graph.get(room) ?? new Set();
    graph.set(room, uses);
    for (const { specifier } of imports) {
      const theirs = specifier?.startsWith('.') ? roomOf(posix.join(posix.dirname(path), specifier), house) : null;
      if (theirs !== null && theirs !== room) uses.add(theirs);
    }
  }
  return graph;
}

/** The repository that this script belongs to. */
export const ROOT = dirname(import.meta.dirname);
