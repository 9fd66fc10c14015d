import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { nearest, SimulatorError } from '../../../sim/index.ts';

/** A `svm_blob.yml`, paths as they are written there. */
export interface Recipe {
  readonly origin: { readonly pubkey: string; readonly seckey: string; readonly comment?: string };
  readonly recipients: readonly { readonly pubkey: string; readonly comment?: string }[];
  readonly digest?: { readonly args: string; readonly initramfs: string; readonly kernel: string; readonly comment?: string };
  readonly files: readonly { readonly path: string; readonly name?: string; readonly comment?: string }[];
}

interface ItemRule {
  readonly mandatory: readonly string[];
  readonly optional: readonly string[];
}

/** svm_tool/esm/esm.py: the keys of each item. */
const ITEMS: Readonly<Record<string, ItemRule>> = {
  origin: { mandatory: ['pubkey', 'seckey'], optional: ['comment'] },
  recipient: { mandatory: ['pubkey'], optional: ['comment'] },
  digest: { mandatory: ['args', 'initramfs', 'kernel'], optional: ['comment'] },
  file: { mandatory: ['path'], optional: ['name', 'comment'] },
};

type Item = Readonly<Record<string, string>>;

/**
 * Reads a `svm_blob.yml`.
 * @param file how the person named it; errors begin with `file:line:column`.
 * @throws {SimulatorError} `recipe.syntax`, `recipe.shape`, `recipe.unknown-item`, `recipe.unknown-key`, `recipe.missing`,
 *   `recipe.twice`.
 */
export function parseRecipe(source: string, file: string): Recipe {
  const items = new RecipeReader(file).items(source);
  const of = (kind: string): Item[] => items.filter(item => item.kind === kind).map(item => item.values);
  const [origin] = of('origin');
  const [digest] = of('digest');
  if (!origin)
    throw new SimulatorError('recipe.missing', { where: `${file}:1:1`, what: 'there is no origin item', hint: 'Exactly one is needed.' });
  if (!digest && items.length > 1) {
    throw new SimulatorError('recipe.missing', {
      where: `${file}:1:1`,
      what: 'there is no digest item',
      hint: 'Exactly one is needed with a recipient or file.',
    });
  }
  return {
    origin: { pubkey: given(origin, 'pubkey'), seckey: given(origin, 'seckey'), ...commentOf(origin) },
    recipients: of('recipient').map(item => ({ pubkey: given(item, 'pubkey'), ...commentOf(item) })),
    ...(digest
      ? {
          digest: {
            args: given(digest, 'args'),
            initramfs: given(digest, 'initramfs'),
            kernel: given(digest, 'kernel'),
            ...commentOf(digest),
          },
        }
      : {}),
    files: of('file').map(item => ({
      path: given(item, 'path'),
      ...(item.name === undefined ? {} : { name: item.name }),
      ...commentOf(item),
    })),
  };
}

/** A mandatory key: the reader has refused an item without it. */
function given(item: Item, key: string): string {
  const value = item[key];
  if (value === undefined) throw new RangeError(`an item without ${key} passed the reader`);
  return value;
}

const commentOf = ({ comment }: Item): { readonly comment?: string } => (comment === undefined ? {} : { comment });

class RecipeReader {
  readonly #file: string;
  readonly #lines = new LineCounter();

  constructor(file: string) {
    this.#file = file;
  }

  items(source: string): { readonly kind: string; readonly values: Item }[] {
    const document = parseDocument(source, { lineCounter: this.#lines, prettyErrors: false, version: '1.1' });
    const [error] = document.errors;
    if (error) this.#refuse('syntax', error.pos[0], error.message.split('\n')[0] ?? 'not YAML');
    const list = document.contents;
    if (!isSeq(list))
      return this.#refuse('shape', rangeOf(list), 'the file must be a list of items', `Items: ${Object.keys(ITEMS).join(', ')}.`);
    const items = list.items.map(item => this.#item(item as Node));
    for (const kind of ['origin', 'digest']) {
      const second = items.filter(item => item.kind === kind)[1];
      if (second) this.#refuse('twice', second.at, `a second ${kind} item`);
    }
    return items;
  }

  #item(node: Node): { readonly kind: string; readonly values: Item; readonly at: number } {
    if (!isMap(node) || node.items.length !== 1) return this.#refuse('shape', rangeOf(node), 'an item is a map with exactly one key');
    const pair = node.items[0] as Pair<Node, Node | null>;
    const kind = this.#text(pair.key, 'the name of an item');
    const rule = Object.hasOwn(ITEMS, kind) ? ITEMS[kind] : undefined;
    if (!rule) return this.#refuse('unknown-item', rangeOf(pair.key), `there is no item "${kind}"`, this.#meant(kind, Object.keys(ITEMS)));
    if (!isMap(pair.value)) return this.#refuse('shape', rangeOf(pair.value ?? pair.key), `${kind} must be a map`);
    return { kind, values: this.#values(kind, rule, pair.value), at: rangeOf(pair.key) };
  }

  #values(kind: string, rule: ItemRule, map: YAMLMap): Item {
    const known = [...rule.mandatory, ...rule.optional];
    const values: Record<string, string> = {};
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const key = this.#text(pair.key, `a key of ${kind}`);
      if (!known.includes(key)) {
        // The document of svm-tool calls it rename, its code reads name.
        const hint = key === 'rename' && kind === 'file' ? 'svm-tool reads "name".' : this.#meant(key, known);
        this.#refuse('unknown-key', rangeOf(pair.key), `${kind} has no key "${key}"`, hint);
      }
      values[key] = this.#text(pair.value ?? pair.key, `${kind}.${key}`, pair.value === null);
    }
    const missing = rule.mandatory.find(key => values[key] === undefined);
    if (missing) this.#refuse('missing', rangeOf(map), `${kind} lacks "${missing}"`, `It needs ${rule.mandatory.join(', ')}.`);
    return values;
  }

  /** The text of a scalar; a number or a word like `yes` is taken as it is written, never as its YAML meaning. */
  #text(node: Node | null, what: string, absent = false): string {
    if (absent || !isScalar(node) || node.value === null) return this.#refuse('shape', rangeOf(node), `${what} must be text`);
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }

  #meant(word: string, words: readonly string[]): string {
    const best = nearest(word, words);
    return `${best ? `Did you mean "${best}"? ` : ''}Known: ${words.join(', ')}.`;
  }

  #refuse(code: string, offset: number, what: string, hint?: string): never {
    const { line, col } = this.#lines.linePos(offset);
    throw new SimulatorError(`recipe.${code}`, {
      where: `${this.#file}:${Math.max(1, line)}:${Math.max(1, col)}`,
      what,
      ...(hint ? { hint } : {}),
    });
  }
}

const rangeOf = (node: Node | null): number => node?.range?.[0] ?? 0;
