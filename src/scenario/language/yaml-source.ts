import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { KeyPath, Problem } from './problem.ts';

const MOST_ALIASES = 1000;

/** A YAML text that knows where each of its values stands. */
export class Source {
  readonly file: string;
  readonly text: string;
  readonly #doc: Document.Parsed;
  readonly #lines = new LineCounter();

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.#doc = parseDocument(text, { uniqueKeys: true, lineCounter: this.#lines, prettyErrors: false });
  }

  /** What the YAML parser itself has to say. */
  get problems(): Problem[] {
    return [...this.#doc.errors.map(error => this.#problem(error.pos[0], error.message.replace(/\.$/, ''))), ...this.#aliasProblems()];
  }

  /** An alias within what it stands for has no end, and aliases of aliases become more than memory holds. */
  #aliasProblems(): Problem[] {
    const found: Problem[] = [];
    let aliases = 0;
    visit(this.#doc, {
      Alias: (_, alias, ancestors) => {
        aliases++;
        const meant = alias.resolve(this.#doc);
        if (meant && ancestors.includes(meant))
          found.push(this.#problem(alias.range?.[0] ?? 0, `*${alias.source} stands within what it means`));
      },
    });
    if (aliases > MOST_ALIASES) found.push(this.#problem(0, `there are ${aliases} aliases, at most ${MOST_ALIASES} are taken`));
    if (found.length > 0 || aliases === 0 || this.#doc.errors.length > 0) return found;
    try {
      this.value();
      return [];
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error; // the parser's word for too much
      return [this.#problem(0, 'the aliases stand for more than is taken', 'Write out what is meant, or use fewer aliases of aliases.')];
    }
  }

  value(): unknown {
    return this.#doc.toJS({ maxAliasCount: 100 });
  }

  /** A problem at a value, or at its nearest ancestor that is there. `key`: at the key of that name instead. */
  problem(path: KeyPath, what: string, hint?: string, key?: string): Problem {
    const offset = (key === undefined ? undefined : this.#offsetOfKey(path, key)) ?? this.#offsetOf(path);
    return this.#problem(offset, what, hint);
  }

  /** The line of a value, or of its nearest ancestor that is there. */
  lineOf(path: KeyPath): number {
    return Math.max(this.#lines.linePos(Math.min(this.#offsetOf(path), this.text.length)).line, 1);
  }

  #offsetOf(path: KeyPath): number {
    for (let length = path.length; length > 0; length--) {
      const node = this.#doc.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return node.range[0];
      // A key without a value: point at the key.
      const key = this.#offsetOfKey(path.slice(0, length - 1), String(path[length - 1]));
      if (key !== undefined) return key;
    }
    return this.#doc.contents?.range?.[0] ?? 0;
  }

  #offsetOfKey(path: KeyPath, key: string): number | undefined {
    const map = path.length === 0 ? this.#doc.contents : this.#doc.getIn(path, true);
    if (!isMap(map)) return undefined;
    const pair = map.items.find(item => (isScalar(item.key) ? String(item.key.value) : '') === key);
    return (pair?.key as Node | undefined)?.range?.[0];
  }

  #problem(offset: number, what: string, hint?: string): Problem {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.text.length));
    const source = this.text.split(/\r?\n/, line)[line - 1] ?? '';
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1), what, source, ...(hint ? { hint } : {}) };
  }
}
