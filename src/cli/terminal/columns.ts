import { stripVTControlCharacters } from 'node:util';

/** Lines with their cells below each other, two blanks in front; colours take no room. */
export function columns(rows: readonly (readonly string[])[]): string {
  const width = (text: string): number => stripVTControlCharacters(text).length;
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.slice(0, -1).entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  const pad = (cell: string, i: number): string => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(cell)));
  return rows.map(row => `  ${row.map((cell, i) => (i === row.length - 1 ? cell : pad(cell, i))).join('  ')}`.trimEnd()).join('\n');
}
