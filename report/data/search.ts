import type { PageBytes } from '../../src/trace/report/page-data.ts';
import { hexOf, toBytes } from './encodings.ts';
import type { Row } from './event-rows.ts';

/** Indices of the rows in which a text occurs, or bytes when the text is hex digits. */
export function findIn(rows: readonly Row[], text: string, bytes: ReadonlyMap<number, PageBytes>): Set<number> {
  const wanted = text.trim().toLowerCase();
  const found = new Set<number>();
  if (wanted === '') return found;
  const digits = wanted.replace(/^0x|[\s:_]/g, '');
  const isHex = digits.length >= 4 && digits.length % 2 === 0 && /^[0-9a-f]+$/.test(digits);
  const hits = isHex ? numbersWith(digits, bytes) : new Set<number>();
  rows.forEach(({ event }, index) => {
    if (!event) return;
    const said = `#${event.q} ${event.a} ${event.k} ${event.x}`.toLowerCase();
    if (said.includes(wanted) || event.s?.some(([what, number]) => hits.has(number) || what.toLowerCase().includes(wanted)))
      found.add(index);
  });
  return found;
}

/** Numbers of the byte strings that hold these digits. */
function numbersWith(digits: string, bytes: ReadonlyMap<number, PageBytes>): Set<number> {
  const numbers = new Set<number>();
  for (const [number, { b }] of bytes) {
    const at = b === undefined ? -1 : hexOf(toBytes(b)).indexOf(digits);
    if (at >= 0) numbers.add(number);
  }
  return numbers;
}
