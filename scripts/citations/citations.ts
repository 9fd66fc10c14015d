import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deadPath, lineOf, slugOf } from './markdown-links.ts';
import type { Source } from './sources.ts';

/** A citation in a text, and why it leads nowhere. */
export interface Citation {
  readonly kind: Kind;
  readonly text: string;
  readonly line: number;
  /** null: it leads somewhere. */
  readonly dead: string | null;
}

type Kind = 'page' | 'recording' | 'threat' | 'source' | 'specification' | 'unknown document';

/** What citations can lead to. */
export interface Library {
  /** The repository. */
  readonly root: string;
  readonly sources: Readonly<Record<string, Source>>;
  readonly threats: ReadonlySet<number>;
}

/** How a kind of citation is found, and where it leads. `text` is the whole citation. */
interface Rule {
  readonly kind: Kind;
  readonly pattern: RegExp;
  dead(library: Library, text: string, parts: readonly (string | undefined)[]): string | null;
}

/** Behind a path: `#one, #another`. */
const fragmentsOf = (text: string): string[] => text.match(/[\w-]+/g) ?? [];

const FILE = /[\w-]+(?:\/[\w.-]+)+\.(?:c|h|S|rst|rng|py|ESM)\b/;

/** In the revision that docs/reference/tpm.md#which-specification names. */
const PARTS = new Set([1, 2, 3, 4]);

const RULES: readonly Rule[] = [
  {
    kind: 'page',
    pattern: /(?<![\w./-])((?:docs|fixtures)\/[\w./-]*\.md)((?:(?:, )?#[\w-]+)*)/g,
    dead: ({ root }, _, [path = '', anchors = '']) =>
      [undefined, ...fragmentsOf(anchors)].map(anchor => deadPath(root, path, anchor)).find(dead => dead !== null) ?? null,
  },
  {
    kind: 'recording',
    pattern: /(?<![\w./-])(fixtures\/observed\/[\w./-]*\.jsonl?)((?:(?:, )?#[\w-]+)*)/g,
    dead: ({ root }, _, [path = '', cases = '']) => {
      if (!existsSync(join(root, path))) return `there is no ${path}`;
      const gone = fragmentsOf(cases).filter(name => !caseNames(join(root, path)).has(name));
      return gone.length > 0 ? `${path} has no case ${gone.join(', ')}` : null;
    },
  },
  {
    kind: 'threat',
    pattern: /\b(?:threat|weakness)(?:e?s)? (\d+(?:(?:, | and | to )\d+)*)/g,
    dead: ({ threats }, _, [numbers = '']) => {
      const gone = numbers.match(/\d+/g)?.filter(number => !threats.has(Number(number))) ?? [];
      return gone.length > 0 ? `there is no threat ${gone.join(', ')}` : null;
    },
  },
  {
    kind: 'source',
    pattern: new RegExp(`(?<![\\w./-])(?:([\\w-]+(?:/ultravisor)?) )?(${FILE.source})`, 'g'),
    dead: ({ root, sources }, _, [name = '', file = '']) => {
      const named = sources[name];
      if (named) return named.files.includes(file) ? null : `sources.ts lists no ${file} of ${name}`;
      const known = Object.values(sources).some(({ files }) => files.includes(file)) || existsSync(join(root, file));
      return known ? null : `${file} is a file of no source in sources.ts`;
    },
  },
  {
    // Without its folder: it must be clear all the same. Part 4 of the specification consists of such files.
    kind: 'source',
    pattern: /(?<![\w./-]|Part 4 )(?=\w*(?:[A-Z_]|-))[\w-]{4,}\.[ch]\b/g,
    dead: ({ sources }, file) =>
      Object.values(sources).some(({ files }) => files.some(path => path.endsWith(`/${file}`)))
        ? null
        : `no source in sources.ts has ${file}`,
  },
  {
    kind: 'specification',
    pattern: /\bPart (\d+) (?:§\d+|\w+\.c\b)/g,
    dead: (_, text, [part]) => (PARTS.has(Number(part)) ? null : `the TPM 2.0 library specification has no ${text}`),
  },
  {
    // Whatever else looks like a document: a page that is cited without the way to it, a number of a list that nobody has.
    kind: 'unknown document',
    pattern: /(?<![\w./*-])(?!(?:docs|fixtures)\/)\w[\w./-]*\.md\b|\bdecisions? \d+/g,
    dead: ({ root }, text) => (existsSync(join(root, text)) ? null : `"${text}" leads nowhere from the root of the repository`),
  },
];

/** Every citation in a text. */
export const citationsIn = (text: string, library: Library): Citation[] =>
  RULES.flatMap(({ kind, pattern, dead }) =>
    [...text.matchAll(pattern)].map(match => ({
      kind,
      text: match[0],
      line: lineOf(text, match.index),
      dead: dead(library, match[0], match.slice(1)),
    })),
  );

const names = new Map<string, ReadonlySet<string>>();

/** Names of the cases of a recording, as a citation writes them. */
function caseNames(file: string): ReadonlySet<string> {
  const known = names.get(file);
  if (known) return known;
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const lists = Array.isArray(content) ? [content] : Object.values(content as object).filter(Array.isArray);
  const found = new Set(lists.flat().flatMap(one => (typeof one?.name === 'string' ? [slugOf(one.name)] : [])));
  names.set(file, found);
  return found;
}
