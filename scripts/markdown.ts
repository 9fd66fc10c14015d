/** A table; empty when it has no rows. */
export function rows(head: readonly string[], body: readonly (readonly string[])[]): string {
  if (body.length === 0) return '';
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
}

/** Parts of a page, those that are empty left out. */
export const pageOf = (parts: readonly string[]): string => `${parts.filter(part => part !== '').join('\n\n')}\n`;
