const IMPORT = /^import \{[^}]*\} from '\.\/([\w.-]+)';\n/gm;

/**
 * Joins modules that import each other by name into one script. They share one scope: names at their top level are unlike each other,
 * and `import` renames nothing (an engine refuses a name that is declared twice).
 */
export function linkScripts(entry: string, source: (name: string) => string): string {
  const done = new Set<string>();
  const parts: string[] = [];
  const add = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const text = source(name);
    for (const [, inner] of text.matchAll(IMPORT)) if (inner) add(inner);
    parts.push(
      text
        .replace(IMPORT, '')
        .replace(/^export /gm, '')
        .trim(),
    );
  };
  add(entry);
  // `</script` would end the element that holds it.
  return `(() => {\n'use strict';\n${parts.join('\n\n')}\n})();`.replaceAll('</script', '<\\/script');
}
