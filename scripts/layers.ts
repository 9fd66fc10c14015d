import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { type Import, type Scan, scan, type Use } from './scan.ts';

/** The house as docs/architecture.md draws it: one truth for people and for this check. */
export interface House {
  /** Foundation first: a room imports only from rooms before it. */
  readonly rooms: readonly string[];
  /** Pairs that ignore each other though one stands before the other. */
  readonly strangers: readonly (readonly [string, string])[];
  /** Folders within a room, foundation first, of rooms that have a table of their own. */
  readonly within: ReadonlyMap<string, readonly string[]>;
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
  /** Files that reach themselves through imports, those of types included; each circle in the order of its names. */
  readonly circles: readonly (readonly string[])[];
  /** `src/x.ts:12: room hcall may not import ultravisor`; empty when all is well. */
  readonly errors: readonly string[];
}

interface Source extends Scan {
  /** From `src/` on, with slashes. */
  readonly path: string;
  readonly room: string | null;
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
  const rooms = foldersOf(table);
  const strangers = [...architecture.matchAll(/`([\w/-]+)\/` and `([\w/-]+)\/` ignore each other/g)].map(
    ([, one, other]) => [one as string, other as string] as const,
  );
  const tables = [...architecture.matchAll(/^\| within `([\w/-]+)\/` \|.*\n\|[-| ]+\|\n((?:\|.*\n?)+)/gm)];
  const within = new Map(tables.map(([, room, rows]) => [room as string, foldersOf(rows as string)]));
  return { rooms, strangers, within };
}

const foldersOf = (rows: string): readonly string[] => [...rows.matchAll(/^\| `([\w/-]+)\/` \|/gm)].map(([, folder]) => folder as string);

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
  return { ...seen, circles: circlesAmong(sources), errors };
}

const sourcesOf = (root: string, house: House): readonly Source[] =>
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map(path => path.replaceAll('\\', '/'))
    .filter(path => /\.[cm]?tsx?$/.test(path))
    .sort()
    .map(path => read(root, path, house));

const say = ({ path }: Source, line: number, fault: string): string => `src/${path}:${line}: ${fault}`;

function read(root: string, path: string, house: House): Source {
  return { path, room: roomOf(path, house), ...scan(path, readFileSync(join(root, 'src', path), 'utf8')) };
}

/** The innermost room: `tpm/wire` is not `tpm`. */
function roomOf(path: string, { rooms }: House): string | null {
  const holding = rooms.filter(room => path.startsWith(`${room}/`));
  return holding.sort((a, b) => b.length - a.length)[0] ?? null;
}

function importFaults(source: Source, { specifier, names }: Import, house: House, known: ReadonlySet<string>): string[] {
  if (specifier === null) return ['a computed import hides from this check: import a literal path'];
  if (!specifier.startsWith('.')) return specifier.endsWith(':process') || specifier === 'process' ? processFaults(source, names) : [];
  const target = targetOf(source, specifier);
  if (target.startsWith('../')) return [`${specifier} leaves src/`];
  if (target === ENTRY) return ['nobody imports src/index.ts'];
  if (!known.has(target)) return [`${specifier} is no file of src/`];
  const theirs = roomOf(target, house);
  if (theirs === source.room) return theirs === null ? [] : withinFaults(source.path, target, theirs, house);
  if (theirs === null) return [`${specifier} lies in no room`];
  const faults: string[] = [];
  if (source.room !== null && !mayImport(source.room, theirs, house)) faults.push(`room ${source.room} may not import ${theirs}`);
  const doors = [theirs, ...SIDE_DOORS.filter(door => door.startsWith(`${theirs}/`))].map(door => `${door}/index.ts`);
  if (!doors.includes(target)) faults.push(`outsiders enter room ${theirs} through ${doors.join(' or ')}, not ${target}`);
  return faults;
}

/** Within a room that has a table of its folders, they stand on one another as the rooms do. */
function withinFaults(from: string, to: string, room: string, { within }: House): string[] {
  const folders = within.get(room);
  if (!folders) return [];
  const [mine, theirs] = [from, to].map(path =>
    path
      .slice(room.length + 1)
      .split('/')
      .slice(0, -1)
      .join('/'),
  );
  if (!mine || mine === theirs) return []; // the room's own index joins them all
  const unknown = [mine, theirs].find(folder => !folder || !folders.includes(folder));
  if (unknown !== undefined) return [`${room}/${unknown} stands in no table of docs/architecture.md`];
  return folders.indexOf(theirs as string) > folders.indexOf(mine) ? [`${room}/${mine} may not import ${room}/${theirs}`] : [];
}

function mayImport(from: string, to: string, { rooms, strangers }: House): boolean {
  if (rooms.indexOf(to) > rooms.indexOf(from)) return false;
  return !strangers.some(pair => pair.includes(from) && pair.includes(to));
}

const PRINTS = new Set(['exit', 'exitCode', 'stdin', 'stdout', 'stderr', 'abort'].map(name => `process.${name}`));
const CHANCE_AND_TIME = new Set(['Math.random', 'Date.now', 'performance.now', 'process.hrtime']);
/** What node:crypto and WebCrypto draw from the machine instead of from the seed. */
const UNSEEDED = new Set(
  `randomBytes randomFill randomFillSync randomInt randomUUID getRandomValues generateKey generateKeySync generateKeyPair generateKeyPairSync
   generatePrime generatePrimeSync`.split(/\s+/),
);

function processFaults({ room }: Source, names: readonly string[]): string[] {
  if (room !== null && MAY_PRINT.has(room)) return [];
  const loud = names.filter(name => PRINTS.has(`process.${name}`));
  return loud.map(name => `only cli/ prints or exits: ${name} of node:process`);
}

function callFaults(source: Source): string[] {
  const faults: string[] = [];
  const room = source.room ?? '';
  if (!MAY_PRINT.has(room)) {
    for (const use of source.uses) {
      const name = use.path[0] === 'console' && use.path.length === 2 ? 'console' : use.path.join('.');
      if (name === 'console' || PRINTS.has(name)) faults.push(say(source, use.line, `only cli/ prints or exits: ${name}`));
    }
  }
  if (!MAY_BE_UNPREDICTABLE.has(room)) {
    for (const { name, line } of unpredictable(source)) faults.push(say(source, line, `chance and time come from World, not from ${name}`));
  }
  return faults;
}

function unpredictable({ uses, imports }: Source): readonly { readonly name: string; readonly line: number }[] {
  const ofCrypto = imports.filter(({ specifier }) => /^(node:)?crypto$/.test(specifier ?? ''));
  const spaces = new Set(['crypto', 'subtle', 'webcrypto', ...ofCrypto.flatMap(({ namespaces }) => namespaces)]);
  const taken = ofCrypto.flatMap(({ names, line }) => names.filter(name => UNSEEDED.has(name)).map(name => ({ name, line })));
  const nameOf = ({ path, made }: Use): string | null => {
    const name = path.join('.');
    const [space = '', member = ''] = path.slice(-2);
    if (made) return name === 'Date' ? 'new Date' : null;
    if (CHANCE_AND_TIME.has(name)) return name;
    return UNSEEDED.has(member) && spaces.has(space) ? member : null;
  };
  return [
    ...uses.flatMap(use => {
      const name = nameOf(use);
      return name === null ? [] : [{ name, line: use.line }];
    }),
    ...taken,
  ];
}

const targetOf = ({ path }: Source, specifier: string): string => posix.join(posix.dirname(path), specifier);

/** The strongly connected files (Tarjan): each of a circle's files imports, over others, itself. */
function circlesAmong(sources: readonly Source[]): readonly (readonly string[])[] {
  const byPath = new Map(sources.map(source => [source.path, source]));
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (source: Source): number => {
    const { path } = source;
    order.set(path, order.size);
    open.push(path);
    let low = order.get(path) as number;
    let self = false;
    for (const { specifier } of source.imports) {
      const next = specifier?.startsWith('.') ? byPath.get(targetOf(source, specifier)) : undefined;
      if (!next) continue;
      self ||= next === source;
      if (!order.has(next.path)) low = Math.min(low, visit(next));
      else if (open.includes(next.path)) low = Math.min(low, lowest.get(next.path) ?? (order.get(next.path) as number));
    }
    lowest.set(path, low);
    if (low !== order.get(path)) return low;
    const circle = open.splice(open.indexOf(path));
    if (circle.length > 1 || self) circles.push(circle.sort());
    return low;
  };
  for (const source of sources) if (!order.has(source.path)) visit(source);
  return circles;
}

/** Which rooms each room imports from. */
export function importGraph(root: string, house: House): ReadonlyMap<string, ReadonlySet<string>> {
  const graph = new Map<string, Set<string>>();
  for (const source of sourcesOf(root, house)) {
    const { room, imports } = source;
    if (room === null) continue;
    const uses = graph.get(room) ?? new Set();
    graph.set(room, uses);
    for (const { specifier } of imports) {
      const theirs = specifier?.startsWith('.') ? roomOf(targetOf(source, specifier), house) : null;
      if (theirs !== null && theirs !== room) uses.add(theirs);
    }
  }
  return graph;
}

/** The repository that this script belongs to. */
export const ROOT = dirname(import.meta.dirname);
