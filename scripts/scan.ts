/** A small scanner of TypeScript: enough to find imports and a few calls without the compiler's API. */

export type TokenKind = 'word' | 'string' | 'template' | 'number' | 'regex' | 'punctuator';

export interface Token {
  readonly kind: TokenKind;
  /** A string's or template's contents, without quotes; otherwise the text itself. */
  readonly text: string;
  readonly line: number;
}

export interface Import {
  /** null: a dynamic import of something computed. */
  readonly specifier: string | null;
  readonly line: number;
  /** Names taken from the module as it calls them; `*` stands for all of it. */
  readonly names: readonly string[];
  /** Names that the whole module has here: `import * as x`, `import x`. */
  readonly namespaces: readonly string[];
}

const WORD = /[\p{ID_Start}$_#@][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\d[\w.]*/y;
const SPACE = /\s+/y;
const LINE_COMMENT = /\/\/[^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?(?:\*\/|$)/y;
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'?|"(?:[^"\\\n]|\\[\s\S])*"?/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const HASHBANG = /^#![^\n]*/;

/** After these words a slash begins a regular expression. */
const BEFORE_OPERAND = new Set('return typeof instanceof in of new delete void throw case do else await yield extends default'.split(' '));

/** Splits source text into tokens; comments are dropped, the expressions within a template are tokens of their own. */
export function tokens(source: string): Token[] {
  const found: Token[] = [];
  /** For each open template expression: how many braces are open within it. */
  const templates: number[] = [];
  let at = HASHBANG.exec(source)?.[0].length ?? 0;
  let line = 1;

  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0] ?? null;
  };
  const advance = (text: string): void => {
    at += text.length;
    for (const char of text) if (char === '\n') line++;
  };
  const push = (kind: TokenKind, text: string, whole = text): void => {
    found.push({ kind, text, line });
    advance(whole);
  };
  /** From a backtick, or the brace that closes an expression, to the next `${` or the closing backtick. */
  const template = (): void => {
    let end = at + 1;
    while (end < source.length && source[end] !== '`' && !source.startsWith('${', end)) end += source[end] === '\\' ? 2 : 1;
    const opens = source.startsWith('${', end);
    if (opens) templates.push(0);
    push('template', source.slice(at + 1, end), source.slice(at, end + (opens ? 2 : 1)));
  };

  while (at < source.length) {
    const blank = take(SPACE) ?? take(LINE_COMMENT) ?? take(BLOCK_COMMENT);
    if (blank !== null) {
      advance(blank);
      continue;
    }
    const char = source[at] as string;
    const open = templates.length - 1;
    const quoted = take(STRING);
    const word = take(WORD);
    const number = take(NUMBER);
    const regex = char === '/' && beginsRegex(found.at(-1)) ? take(REGEX) : null;
    if (quoted !== null) push('string', quoted.slice(1, -1), quoted);
    else if (word !== null) push('word', word);
    else if (number !== null) push('number', number);
    else if (regex !== null) push('regex', regex);
    else if (char === '`') template();
    else if (char === '}' && templates[open] === 0) {
      templates.pop();
      template();
    } else {
      if (open >= 0 && char === '{') templates[open]!++;
      if (open >= 0 && char === '}') templates[open]!--;
      push('punctuator', source.startsWith('?.', at) ? '.' : char, source.startsWith('?.', at) ? '?.' : char);
    }
  }
  return found;
}

function beginsRegex(before: Token | undefined): boolean {
  if (!before) return true;
  if (before.kind === 'word') return BEFORE_OPERAND.has(before.text);
  return before.kind === 'punctuator' && !')]}'.includes(before.text);
}

/** Every import, re-export, dynamic import, `require` and `new URL('./x.ts', import.meta.url)` of a file. */
export function importsOf(list: readonly Token[]): Import[] {
  const found: Import[] = [];
  const is = (i: number, text: string): boolean => list[i]?.text === text && list[i].kind !== 'string' && list[i].kind !== 'template';
  const nothing = { names: [], namespaces: [] };

  for (const [i, { kind, text, line }] of list.entries()) {
    if (kind !== 'word' || is(i - 1, '.')) continue;
    const next = list[i + 1];
    if (text === 'import' && next?.kind === 'string') {
      found.push({ specifier: next.text, line, ...nothing });
    } else if ((text === 'import' || text === 'require') && is(i + 1, '(')) {
      const target = list[i + 2];
      const literal = target && (target.kind === 'string' || target.kind === 'template') && (is(i + 3, ')') || is(i + 3, ','));
      if (literal || text === 'import') found.push({ specifier: literal ? target.text : null, line, ...nothing });
    } else if (text === 'new' && is(i + 1, 'URL') && is(i + 2, '(') && list[i + 3]?.kind === 'string') {
      const target = list[i + 3] as Token;
      if (/\.[cm]?[jt]s$/.test(target.text)) found.push({ specifier: target.text, line, ...nothing });
    } else if (text === 'import' || text === 'export') {
      const end = fromClause(list, i);
      if (end !== null) found.push({ specifier: list[end]!.text, line, ...taken(list.slice(i + 1, end - 1)) });
    }
  }
  return found;
}

/** Where the string of `from '...'` stands, if the statement that begins at `start` has one. */
function fromClause(list: readonly Token[], start: number): number | null {
  let i = start + 1;
  if (list[i]?.text === 'type' && list[i + 1]?.text !== 'from') i++;
  const exporting = list[start]?.text === 'export';
  if (exporting && list[i]?.text !== '{' && list[i]?.text !== '*') return null;
  // Nothing but names, braces, commas and stars stands between the keyword and `from`.
  for (; i < list.length; i++) {
    const token = list[i] as Token;
    if (token.text === 'from' && list[i + 1]?.kind === 'string') return i + 1;
    const aliased = token.kind === 'string' && (list[i - 1]?.text === '{' || list[i - 1]?.text === ',' || list[i - 1]?.text === 'as');
    if (token.kind !== 'word' && !aliased && !'{},*'.includes(token.text)) return null;
    if (exporting && list[i - 1]?.text === '}') return null;
  }
  return null;
}

function taken(clause: readonly Token[]): Pick<Import, 'names' | 'namespaces'> {
  const names: string[] = [];
  const namespaces: string[] = [];
  let inBraces = false;
  for (const [i, { kind, text }] of clause.entries()) {
    const before = clause[i - 1]?.text;
    if (text === '{' || text === '}') inBraces = text === '{';
    else if (text === '*') names.push('*');
    else if (kind === 'punctuator' || text === 'as' || text === 'type') continue;
    else if (inBraces && before !== 'as') names.push(text);
    else if (!inBraces) namespaces.push(text);
  }
  return { names, namespaces };
}
