import { readFile } from 'node:fs/promises';
import { parse, YAMLParseError } from 'yaml';
import { nearest, SimulatorError } from '../sim/index.ts';
import type { CaseResult, Difference, PlayedCase } from './played-case.ts';

/** A difference that is known and accepted, with its reason. `*` in `case` and `field` stands for anything. */
export interface KnownDifference {
  /** Last part or parts of the recording's path; absent: any. */
  readonly file?: string;
  readonly case: string;
  /** The field or what begins with it (`steps[3]` covers `steps[3].r3`); absent: the whole case. */
  readonly field?: string;
  readonly reason: string;
}

const FIELDS = ['file', 'case', 'field', 'reason'];
const EXAMPLE =
  'Each entry looks like `{ file: 07-getcapability.jsonl, case: "*", field: algorithms, reason: libtpms also has Camellia }`.';

/** Reads a list of known differences, YAML or JSON. */
export async function readKnown(file: string): Promise<readonly KnownDifference[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SimulatorError('conform.known', { where: file, what: `cannot be read: ${error.message}`, hint: EXAMPLE });
  });
  const list = parsed(file, text);
  if (!Array.isArray(list)) throw new SimulatorError('conform.known', { where: file, what: 'is no list', hint: EXAMPLE });
  return list.map((entry, index) => checked(`${file}: entry ${index + 1}`, entry));
}

function parsed(file: string, text: string): unknown {
  try {
    return parse(text) ?? [];
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const { line = 1, col = 1 } = error.linePos?.[0] ?? {};
    throw new SimulatorError('conform.known', { where: `${file}:${line}:${col}`, what: error.message, hint: EXAMPLE });
  }
}

function checked(where: string, entry: unknown): KnownDifference {
  const refuse = (what: string, hint = EXAMPLE) => new SimulatorError('conform.known', { where, what, hint });
  if (typeof entry !== 'object' || entry === null) throw refuse('is no mapping');
  for (const [key, value] of Object.entries(entry)) {
    const meant = nearest(key, FIELDS);
    if (!FIELDS.includes(key))
      throw refuse(`there is no field "${key}"`, meant && `Did you mean "${meant}"? Fields: ${FIELDS.join(', ')}.`);
    if (typeof value !== 'string') throw refuse(`"${key}" is no text`);
  }
  if (!('case' in entry)) throw refuse('says no case');
  // A difference without a reason is not known, only ignored.
  if (!('reason' in entry) || entry.reason === '') throw refuse('gives no reason');
  return entry as KnownDifference;
}

/** Compares played cases with the list, and remembers which entries were of use. */
export class KnownDifferences {
  readonly #entries: readonly KnownDifference[];
  readonly #played = new Set<KnownDifference>();
  readonly #used = new Set<KnownDifference>();

  constructor(entries: readonly KnownDifference[]) {
    this.#entries = entries;
  }

  /** The case's result: known if every difference is. A case that fails shows what is not known. */
  judge(file: string, played: PlayedCase): CaseResult {
    const entries = this.#entries.filter(entry => ofFile(entry, file) && matches(entry.case, played.name));
    for (const entry of entries) this.#played.add(entry);
    const unknown: Difference[] = [];
    const reasons = new Set<string>();
    for (const difference of played.differences) {
      const entry = entries.find(({ field }) => field === undefined || covers(field, difference.field));
      if (entry) reasons.add(entry.reason);
      else unknown.push(difference);
      if (entry) this.#used.add(entry);
    }
    if (unknown.length > 0) return { file, ...played, ok: false, differences: unknown };
    return { file, ...played, ok: true, ...(reasons.size > 0 ? { known: [...reasons].join('; ') } : {}) };
  }

  /** Entries whose case was played and did not differ: they can be removed. */
  get unused(): readonly KnownDifference[] {
    return this.#entries.filter(entry => this.#played.has(entry) && !this.#used.has(entry));
  }
}

const ofFile = ({ file }: KnownDifference, actual: string): boolean => file === undefined || actual === file || actual.endsWith(`/${file}`);

const pattern = (text: string): string =>
  text
    .split('*')
    .map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
const matches = (wanted: string, actual: string): boolean => new RegExp(`^${pattern(wanted)}$`).test(actual);
const covers = (wanted: string, actual: string): boolean => new RegExp(`^${pattern(wanted)}($|[.[ ])`).test(actual);
