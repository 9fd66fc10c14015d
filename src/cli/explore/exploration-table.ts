import { CLASSES, type Exploration, type Finding } from '../../scenario/index.ts';

const REASONS = 3;

/** What came of an exploration: a row for each place, a column for each class, and by what it was denied. */
export function showTable({ findings }: Exploration): string {
  const rows = new Map<string, Finding[]>();
  for (const finding of findings) {
    const place = finding.candidates.length > 1 ? 'pairs' : (finding.candidates[0]?.label ?? '');
    const row = rows.get(place);
    if (row) row.push(finding);
    else rows.set(place, [finding]);
  }
  const head = ['place', 'runs', ...CLASSES, 'denied by'];
  const body = [...rows].map(([place, of]) => [place, ...cells(of)]);
  const total = ['all', ...cells(findings).slice(0, -1), ''];
  const lines = [head, ...body, total];
  const widths = head.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)));
  const aligned = (line: readonly string[]): string =>
    line
      .map((cell, column) =>
        column === 0 || column === line.length - 1 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return `${lines.map(aligned).join('\n')}\n`;
}

function cells(findings: readonly Finding[]): string[] {
  const of = (name: string): Finding[] => findings.filter(({ verdict }) => verdict.is === name);
  const counts = CLASSES.map(name => String(of(name).length).replace(/^0$/, '-'));
  const by = new Map<string, number>();
  for (const { verdict } of of('denied')) by.set(verdict.by, (by.get(verdict.by) ?? 0) + 1);
  const sorted = [...by].sort((a, b) => b[1] - a[1]);
  const more = sorted.length > REASONS ? `, and ${sorted.length - REASONS} more` : '';
  return [
    String(findings.length),
    ...counts,
    sorted
      .slice(0, REASONS)
      .map(([name]) => name)
      .join(', ') + more,
  ];
}
