import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SimulatorError } from '../../sim/index.ts';

/** Where the build puts the pages of `report/`; the way there is the same from `src` and from `dist`. */
const PAGES = new URL('../../../dist/pages/', import.meta.url);

/**
 * A page in one file: its frame with script and style in it, and its marks `%NAME%` replaced by `values`, which are HTML. Nothing runs
 * and nothing styles in it but these two: its policy names them by their digests.
 */
export function builtPage(name: 'report' | 'lesson', values: Readonly<Record<string, string>>): string {
  const [frame, style, script] = [source(`${name}.html`), source(`${name}.css`), source(`${name}.js`)];
  const all: Readonly<Record<string, string>> = {
    ...values,
    STYLE: style,
    STYLE_HASH: digestOf(style),
    SCRIPT: script,
    SCRIPT_HASH: digestOf(script),
  };
  return frame.replace(/%([A-Z_]+)%|\/\*([A-Z_]+)\*\//g, (mark, a?: string, b?: string) => all[a ?? b ?? ''] ?? mark);
}

/** Text as HTML, also within an attribute's quotes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, char => `&#${char.charCodeAt(0)};`);

/** As a Content-Security-Policy names what it allows. */
const digestOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

function source(name: string): string {
  const file = new URL(name, PAGES);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const hint = 'In a checkout of the sources, "npm run build" makes it; an installed package has it.';
    throw new SimulatorError('report.not-built', { where: fileURLToPath(file), what: 'this part of the page is not there', hint });
  }
}
