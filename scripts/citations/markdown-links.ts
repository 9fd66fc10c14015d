import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Blocks of code blanked, so that positions stay. */
export const withoutCode = (page: string): string => page.replace(/^ *```[\s\S]*?^ *```/gm, block => block.replace(/[^\n]/g, ' '));

/** What GitHub makes of the headings of a page; a heading that comes again gets a number. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutCode(page).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = slugOf(text);
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

export const slugOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

/** Why nothing is at this path below `root`, or null. */
export function deadPath(root: string, path: string, anchor: string | undefined): string | null {
  const file = join(root, path);
  if (!existsSync(file)) return `there is no ${path}`;
  if (anchor === undefined || !path.endsWith('.md')) return null;
  return anchorsOf(readFileSync(file, 'utf8')).has(anchor) ? null : `${path} has no heading #${anchor}`;
}

/** A relative link of a page, from the root on. */
interface Link {
  readonly line: number;
  readonly path: string;
  readonly anchor: string | undefined;
}

/** Relative links of the page at `path`, those within the page too. */
export function linksOf(path: string, page: string): Link[] {
  const text = withoutCode(page);
  return [...text.matchAll(/\]\(([^()\s#]*)(?:#([^()\s]*))?\)/g)]
    .filter(([, target = '']) => !/^[a-z]+:/.test(target))
    .map(({ 1: target = '', 2: anchor, index }) => ({
      line: lineOf(text, index),
      path: target === '' ? path : join(dirname(path), target),
      anchor,
    }));
}

export const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;
