import { hexOf, toBytes } from './store.js';

/** @typedef {import('./rows.js').Row} Row */

/**
 * The rows in which a text occurs, or bytes when the text is hex digits.
 * @param {Row[]} rows @param {string} text @param {Map<number, import('./store.js').PageBytes>} bytes
 */
export function findIn(rows, text, bytes) {
  const wanted = text.trim().toLowerCase();
  /** @type {Set<number>} */
  const found = new Set();
  if (wanted === '') return found;
  const digits = wanted.replace(/^0x|[\s:_]/g, '');
  const hits = digits.length >= 4 && digits.length % 2 === 0 && /^[0-9a-f]+$/.test(digits) ? numbersWith(digits, bytes) : new Set();
  rows.forEach(({ event }, index) => {
    if (!event) return;
    const said = `#${event.q} ${event.a} ${event.k} ${event.x}`.toLowerCase();
    if (said.includes(wanted) || event.s?.some(([what, number]) => hits.has(number) || what.toLowerCase().includes(wanted)))
      found.add(index);
  });
  return found;
}

/** Numbers of the byte strings that hold these digits. @param {string} digits @param {Map<number, import('./store.js').PageBytes>} bytes */
function numbersWith(digits, bytes) {
  /** @type {Set<number>} */
  const numbers = new Set();
  for (const [number, { b }] of bytes) {
    const at = b === undefined ? -1 : hexOf(toBytes(b)).indexOf(digits);
    if (at >= 0) numbers.add(number);
  }
  return numbers;
}
