import { basename, dirname } from 'node:path';
import type { KnownDifference } from './known-differences.ts';
import type { CaseResult, Difference } from './played-case.ts';
import type { ConformReport } from './run-conform.ts';

/** Widest value that is shown whole. */
const VALUE_WIDTH = 44;
/** Characters of a long value that are shown before the first that differs. */
const LEAD = 8;
const MOST_DIFFERENCES = 20;
const INDENT = '        ';

/** A line for the case; below a failed one what differs, field by field, expected and actual side by side. */
export function formatResult(result: CaseResult): string {
  const { name, about, ok, known, skipped, differences } = result;
  const title = `${shortFile(result)}  ${name}`;
  if (skipped !== undefined) return `skipped ${title}: ${skipped}`;
  if (known !== undefined) return `known   ${title}: ${known}`;
  const line = `${title}${about ? `: ${about}` : ''}`;
  return ok ? `passed  ${line}` : [`FAILED  ${line}`, ...sideBySide(differences)].join('\n');
}

/** The closing lines: entries of no use in the list of known differences, then the count. */
export function formatSummary({ passed, failed, known, skipped, unusedKnown }: ConformReport): string {
  const counts = [`${passed} passed`, `${failed} failed`, ...(known ? [`${known} known`] : []), ...(skipped ? [`${skipped} skipped`] : [])];
  return [...unusedKnown.map(unusedLine), counts.join(', ')].join('\n');
}

function unusedLine({ file, case: name, field, reason }: KnownDifference): string {
  return `no longer different: ${[file, name, field].filter(part => part !== undefined).join(' ')} (known as: ${reason})`;
}

/** The directory says which, where all files have the same name. */
function shortFile({ file }: CaseResult): string {
  const name = basename(file);
  return name === 'manifest.json' ? `${basename(dirname(file))}/${name}` : name;
}

function sideBySide(differences: readonly Difference[]): readonly string[] {
  const rows = [['field', 'expected', 'actual'], ...differences.slice(0, MOST_DIFFERENCES).map(row)];
  const widths = [0, 1].map(column => Math.max(...rows.map(cells => cells[column]?.length ?? 0)));
  const lines = rows.map(
    cells =>
      INDENT +
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
  );
  const more = differences.length - MOST_DIFFERENCES;
  return more > 0 ? [...lines, `${INDENT}and ${more} more`] : lines;
}

function row({ field, expected, actual }: Difference): readonly string[] {
  const isHex = /^([0-9a-f]{2})*$/.test(expected) && /^([0-9a-f]{2})*$/.test(actual);
  if (expected.length <= VALUE_WIDTH && actual.length <= VALUE_WIDTH) return [field, shown(expected), shown(actual)];
  // Long values: from shortly before the first character that differs.
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at++;
  const from = Math.max(0, (isHex ? at - (at % 2) : at) - LEAD);
  const place = isHex ? `differs at byte ${at >> 1} of ${expected.length / 2} and ${actual.length / 2}` : `differs at character ${at}`;
  return [`${field} (${place})`, excerpt(expected, from), excerpt(actual, from)];
}

function excerpt(text: string, from: number): string {
  const part = text.slice(from, from + VALUE_WIDTH);
  return shown(`${from > 0 ? '…' : ''}${part}${from + VALUE_WIDTH < text.length ? '…' : ''}`);
}

const shown = (text: string): string => (text === '' ? '(nothing)' : text.replaceAll('\n', ' | '));
