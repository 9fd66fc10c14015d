/** What a source file says of itself: its imports, and which names it reaches into. */
import { type Argument, type MemberExpression, parseSync, type Span, Visitor } from 'oxc-parser';

export interface Import {
  /** null: a dynamic import of something computed. */
  readonly specifier: string | null;
  readonly line: number;
  /** Names taken from the module as it calls them; `*` stands for all of it. */
  readonly names: readonly string[];
  /** Names that the whole module has here: `import * as x`, `import x`. */
  readonly namespaces: readonly string[];
}

/** `a.b.c` or `new C`: names from the left on; the first is empty where a call or the like stands. */
export interface Use {
  readonly path: readonly string[];
  readonly made: boolean;
  readonly line: number;
}

export interface Scan {
  readonly imports: readonly Import[];
  readonly uses: readonly Use[];
}

/** Reads a file: every import, re-export, import type, dynamic import, `require` and `new URL('./x.ts', import.meta.url)`. */
export function scan(file: string, text: string): Scan {
  const { program, errors } = parseSync(file, text, { lang: 'ts', sourceType: 'module', preserveParens: false });
  if (errors[0]) throw new Error(`${file}: cannot be parsed: ${errors[0].message}`);
  const imports: Import[] = [];
  const uses: Use[] = [];
  const lineOf = lines(text);
  const add = (at: Span, specifier: string | null, names: readonly string[] = [], namespaces: readonly string[] = []): void => {
    imports.push({ specifier, line: lineOf(at.start), names, namespaces });
  };

  new Visitor({
    ImportDeclaration(node) {
      const names: string[] = [];
      const namespaces: string[] = [];
      for (const one of node.specifiers) {
        if (one.type === 'ImportSpecifier') names.push(nameOf(one.imported));
        else namespaces.push(one.local.name);
        if (one.type === 'ImportNamespaceSpecifier') names.push('*');
      }
      add(node, node.source.value, names, namespaces);
    },
    ExportNamedDeclaration(node) {
      if (node.source)
        add(
          node,
          node.source.value,
          node.specifiers.map(({ local }) => nameOf(local)),
        );
    },
    ExportAllDeclaration(node) {
      add(node, node.source.value, ['*']);
    },
    ImportExpression(node) {
      add(node, textOf(node.source));
    },
    TSImportType(node) {
      add(node, node.source.value);
    },
    CallExpression(node) {
      const path = textOf(node.arguments[0]);
      if (path !== null && node.callee.type === 'Identifier' && node.callee.name === 'require') add(node, path);
    },
    NewExpression(node) {
      const path = pathOf(node.callee);
      const target = textOf(node.arguments[0]);
      uses.push({ path, made: true, line: lineOf(node.start) });
      if (path.at(-1) === 'URL' && target !== null && /\.[cm]?[jt]s$/.test(target)) add(node, target);
    },
    MemberExpression(node) {
      uses.push({ path: pathOf(node), made: false, line: lineOf(node.property.start) });
    },
  }).visit(program);
  return { imports, uses };
}

const nameOf = (name: { readonly name: string } | { readonly value: string }): string => ('name' in name ? name.name : name.value);

/** A string that stands there literally; null for anything computed. */
function textOf(node: Argument | undefined): string | null {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0]?.value.cooked ?? null;
  return null;
}

function pathOf(node: MemberExpression['object']): readonly string[] {
  if (node.type === 'Identifier') return node.name === 'globalThis' ? [] : [node.name];
  if (node.type !== 'MemberExpression') return [''];
  const member = node.computed ? textOf(node.property) : node.property.name;
  return [...pathOf(node.object), member ?? ''];
}

/** Number of the line, from 1, on which a character stands. */
function lines(text: string): (offset: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return offset => starts.findLastIndex(start => start <= offset) + 1;
}
