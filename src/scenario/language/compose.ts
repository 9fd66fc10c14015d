import { dirname, relative, resolve } from 'node:path';
import type { KeyPath, Problem } from './problem.ts';
import { readRegular, reason } from './regular-file.ts';
import { SCENARIO } from './scenario-schema.ts';
import { walk } from './schema-walk.ts';
import { isPath } from './values.ts';
import { Source } from './yaml-source.ts';

/** A value of one combination of the matrix. */
export type Choice = Readonly<Record<string, string | number>>;
type Mapping = Record<string, unknown>;

const DEEPEST_INCLUDE = 8;
const MOST_INCLUDES = 100;
export const MOST_COMBINATIONS = 1_000;

/** The files on the way to one that is included, and how many were read in all. */
interface Including {
  readonly chain: readonly string[];
  readonly read: { files: number };
}

const isMapping = (value: unknown): value is Mapping => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What lies under another value: mappings are laid over each other key by key, all else is replaced as a whole. */
function over(below: unknown, above: unknown): unknown {
  if (!isMapping(below) || !isMapping(above)) return above === undefined ? below : above;
  const out: Mapping = { ...below };
  for (const [key, value] of Object.entries(above)) out[key] = over(below[key], value);
  return out;
}

/** What the files of a scenario say together. */
interface Composed {
  value: unknown;
  problems: Problem[];
  /** The file that has the last word on a field of the scenario. */
  sources: ReadonlyMap<string, Source>;
}

/** A scenario's text as a whole: includes and defaults under it, variables in their places. */
export const compose = (source: Source, choice: Choice): Promise<Composed> =>
  composed(source, choice, { chain: [resolve(source.file)], read: { files: 0 } });

async function composed(source: Source, choice: Choice, including: Including): Promise<Composed> {
  const problems: Problem[] = [];
  const sources = new Map<string, Source>();
  const own = source.value();
  if (!isMapping(own)) return { value: own, problems, sources };
  let value: unknown = own;
  if (own.include !== undefined) {
    const files = Array.isArray(own.include) ? own.include : [own.include];
    let below: unknown = {};
    for (const [i, file] of files.entries()) {
      const at = Array.isArray(own.include) ? ['include', i] : ['include'];
      const inner = await included(source, String(file), at, including, problems);
      below = over(below, inner.value);
      for (const [key, from] of inner.sources) sources.set(key, from);
    }
    value = over(below, own);
  }
  for (const key of Object.keys(own)) sources.set(key, source);
  if (including.chain.length > 1) return { value, problems, sources };
  const { include: _include, defaults, variables, ...rest } = value as Mapping;
  const known: Mapping = { ...(isMapping(variables) ? variables : {}), ...choice };
  return { value: filled(withDefaults(rest, defaults), known, [], source, problems), problems, sources };
}

async function included(
  source: Source,
  file: string,
  at: KeyPath,
  { chain, read }: Including,
  problems: Problem[],
): Promise<Pick<Composed, 'value' | 'sources'>> {
  const nothing = { value: {}, sources: new Map<string, Source>() };
  const whole = resolve(dirname(source.file), file);
  if (chain.includes(whole)) {
    problems.push(source.problem(at, `${file} includes itself`, 'Take one of the includes on the way away.'));
    return nothing;
  }
  if (chain.length > DEEPEST_INCLUDE) {
    problems.push(
      source.problem(at, `the includes are nested deeper than ${DEEPEST_INCLUDE} files`, 'Put what they say into fewer files.'),
    );
    return nothing;
  }
  read.files++;
  if (read.files > MOST_INCLUDES) {
    if (read.files === MOST_INCLUDES + 1)
      problems.push(source.problem(at, `more than ${MOST_INCLUDES} files are included in all`, 'Put what they say into fewer files.'));
    return nothing;
  }
  let text: string;
  try {
    text = (await readRegular(whole)).toString('utf8');
  } catch (error) {
    problems.push(source.problem(at, `${file}: ${reason(error as NodeJS.ErrnoException)}`));
    return nothing;
  }
  const inner = new Source(whole, text);
  problems.push(...inner.problems);
  const { value, problems: more, sources } = await composed(inner, {}, { chain: [...chain, whole], read });
  problems.push(...more);
  const edits: (() => void)[] = [];
  const moved = structuredClone(value);
  // Paths of an included file are relative to its own folder.
  const move = (path: string): string => relative(dirname(resolve(source.file)), resolve(dirname(whole), path));
  walk(SCENARIO, moved, (schema, path, where) => {
    if (isPath(schema) && !/\$\{/.test(String(path))) edits.push(() => put(moved, where, move(String(path))));
  });
  for (const edit of edits) edit();
  return { value: moved, sources };
}

function put(root: unknown, path: KeyPath, value: string): void {
  const holder = path.slice(0, -1).reduce<unknown>((inner, key) => (inner as Mapping)[key], root);
  (holder as Mapping)[path.at(-1) as string] = value;
}

/** Each guest and host over its defaults. */
function withDefaults(value: Mapping, defaults: unknown): Mapping {
  if (!isMapping(defaults)) return value;
  const { guest, host } = defaults;
  const lay = (entries: unknown, below: unknown): unknown =>
    Array.isArray(entries) && below !== undefined ? entries.map(entry => over(below, entry)) : entries;
  const out: Mapping = { ...value };
  if (value.guests !== undefined) out.guests = lay(value.guests, guest);
  if (value.hosts !== undefined) out.hosts = lay(value.hosts, host);
  else if (host !== undefined) out.host = over(host, value.host ?? {});
  return out;
}

/** `${name}` becomes the variable: of the variable's own kind when it is all there is, else as text. */
function filled(value: unknown, variables: Mapping, at: KeyPath, source: Source, problems: Problem[]): unknown {
  if (Array.isArray(value)) return value.map((item, i) => filled(item, variables, [...at, i], source, problems));
  if (isMapping(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, variables, [...at, key], source, problems)]));
  if (typeof value !== 'string' || !value.includes('${')) return value;
  const get = (name: string): unknown => {
    if (name in variables) return variables[name];
    problems.push(source.problem(at, `there is no variable "${name}"`, `Variables: ${Object.keys(variables).join(', ') || 'none'}.`));
    return '';
  };
  const whole = /^\$\{([^}]*)\}$/.exec(value);
  if (whole) return get(whole[1] ?? '');
  return value.replace(/\$\{([^}]*)\}/g, (_, name: string) => String(get(name)));
}

/** How many combinations a matrix has, without making them. */
export const combinationsOf = (matrix: Readonly<Record<string, readonly unknown[]>>): number =>
  Object.values(matrix).reduce((all, values) => all * values.length, 1);

/** The first combination of a matrix. */
export const firstOf = (matrix: Readonly<Record<string, readonly (string | number)[]>> = {}): Choice =>
  Object.fromEntries(Object.entries(matrix).flatMap(([name, [value]]) => (value === undefined ? [] : [[name, value]])));

/** Every combination of a matrix: one empty choice when there is none. */
export function combinations(matrix: Readonly<Record<string, readonly (string | number)[]>> | undefined): readonly Choice[] {
  let all: Choice[] = [{}];
  for (const [name, values] of Object.entries(matrix ?? {}))
    all = all.flatMap(choice => values.map(value => ({ ...choice, [name]: value })));
  return all;
}
