import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Generated } from './generated.ts';
import { ROOT } from './layers.ts';

const FOLDER = 'docs/how-to';
/** `<!-- code: src/file.ts | first line of it begins so -->`, or `<!-- code: file.ts -->` for all of it, and the block behind it. */
const EXCERPT = /(<!-- code: (\S+)(?: \| (.+?))? -->)\n+```(\w+)\n[\s\S]*?\n```/g;

/** The pages, each as it is with its excerpts taken from the sources anew. */
export const howTos: readonly Generated[] = readdirSync(join(ROOT, FOLDER))
  .filter(name => name.endsWith('.md'))
  .sort()
  .map(name => `${FOLDER}/${name}`)
  .map(path => ({ path, text: () => renewed(path, readFileSync(join(ROOT, path), 'utf8')) }));

function renewed(path: string, page: string): string {
  let excerpts = 0;
  const made = page.replace(EXCERPT, (_, mark: string, file: string, begin: string | undefined, language: string) => {
    excerpts++;
    return `${mark}\n\n\`\`\`${language}\n${excerptOf(file, begin)}\n\`\`\``;
  });
  const marks = page.match(/<!-- code: /g)?.length ?? 0;
  if (excerpts !== marks || excerpts === 0)
    throw new Error(`${path}: ${marks} marks of excerpts, ${excerpts} with a block of code behind them`);
  return made;
}

/** The whole file, or from the line that begins so to the one that closes what it opens. @throws {Error} when no line, or more than one, begins so. */
export function excerptOf(file: string, begin?: string): string {
  const text = readFileSync(join(ROOT, file), 'utf8');
  if (begin === undefined) return text.trimEnd();
  const lines = text.split('\n');
  const found = lines.flatMap((line, i) => (line.trimStart().startsWith(begin) ? [i] : []));
  const [at] = found;
  if (at === undefined || found.length > 1) throw new Error(`${file}: ${found.length} lines begin with "${begin}"; an excerpt needs one`);
  const first = lines[at] ?? '';
  const indent = first.length - first.trimStart().length;
  if (!/[[({]$/.test(first)) return first.slice(indent);
  const end = lines.findIndex((line, i) => i > at && line.length - line.trimStart().length === indent && /^[\])}]/.test(line.trimStart()));
  return lines
    .slice(at, end + 1)
    .map(line => line.slice(indent))
    .join('\n');
}
