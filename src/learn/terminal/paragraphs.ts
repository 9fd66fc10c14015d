import type { Paint } from '../../trace/index.ts';
import type { Block } from '../lesson.ts';

/** Lines are no longer than this, however wide the terminal is: long ones are hard to read. */
const WIDEST = 84;
const MARGIN = '  ';

export const widthOf = (columns: number | undefined): number => Math.min(WIDEST, Math.max(30, (columns ?? WIDEST) - 2));

/** Paragraphs of a lesson, each followed by an empty line. */
export const showBlocks = (blocks: readonly Block[], columns: number | undefined, paint: Paint): string =>
  blocks.map(block => `${typeof block === 'string' ? paragraph(block, columns, paint) : pre(block.pre, columns, paint)}\n\n`).join('');

/** One paragraph, without its last newline. `first` stands in front of it, and the other lines are indented as far. */
export function paragraph(text: string, columns: number | undefined, paint: Paint, first = ''): string {
  const indent = MARGIN + ' '.repeat(first.length);
  const lines = wrap(plain(text), widthOf(columns) - indent.length);
  return marked(lines.map((line, i) => (i === 0 ? MARGIN + first : indent) + line).join('\n'), plain(text) === text ? null : text, paint);
}

const pre = (text: string, columns: number | undefined, paint: Paint): string =>
  text
    .split('\n')
    .map(line => paint((MARGIN + MARGIN + line).slice(0, Math.max(40, columns ?? Number.POSITIVE_INFINITY)), 'quiet'))
    .join('\n');

/** Without the marks of code and new words. */
export const plain = (text: string): string => text.replace(/`([^`]*)`/g, '$1').replace(/(^|[^\w*])\*([^*\s][^*]*)\*/g, '$1$2');

/** Words to lines; a word that is longer than a line is cut. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap(one => one.match(new RegExp(`.{1,${width}}`, 'g')) ?? [''])) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Colours what was marked, word by word: a mark may be broken over lines. */
function marked(wrapped: string, source: string | null, paint: Paint): string {
  if (source === null) return wrapped;
  let out = '';
  let rest = wrapped;
  for (const [, code, word] of source.matchAll(/`([^`]*)`|(?<![\w*])\*([^*\s][^*]*)\*/g)) {
    const text = code ?? word ?? '';
    const pattern = new RegExp(
      text
        .split('')
        .map(char => (char === ' ' ? '\\s+' : `${char.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?:\\n\\s*)?`))
        .join(''),
    );
    const found = pattern.exec(rest);
    if (!found) continue;
    const end = found[0].trimEnd();
    out +=
      rest.slice(0, found.index) +
      end
        .split('\n')
        .map(part => colour(part, code === undefined, paint))
        .join('\n');
    rest = rest.slice(found.index + end.length);
  }
  return out + rest;
}

function colour(part: string, isWord: boolean, paint: Paint): string {
  const text = part.trimStart();
  return part.slice(0, part.length - text.length) + paint(text, isWord ? 'heading' : 'key');
}
