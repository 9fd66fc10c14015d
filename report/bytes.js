import { el } from './dom.js';
import { hexOf, toBytes } from './store.js';

/** @typedef {import('./store.js').Field} Field */
/** @typedef {import('./store.js').PageBytes} PageBytes */

/** Bytes and their fields side by side: what is pointed at on one side is marked on the other. @param {PageBytes} held @param {string} what */
export function byteInspector(held, what) {
  if (held.b === undefined) return el('p', { class: 'quiet' }, `${held.n} bytes, SHA-256 `, el('code', {}, held.d ?? ''));
  const bytes = toBytes(held.b);
  if (bytes.length === 0) return el('p', { class: 'quiet' }, 'no bytes');
  const fields = held.i?.f ?? registersIn(what, bytes);
  const cells = cellsOf(bytes, fields);
  const dump = el('div', {
    class: 'dump',
    role: 'img',
    'aria-label': `${bytes.length} bytes: ${hexOf(bytes.subarray(0, 64))}${bytes.length > 64 ? ' and more' : ''}`,
  });
  for (let at = 0; at < bytes.length; at += 16) {
    const text = Array.from(bytes.subarray(at, at + 16), byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('');
    const offset = el('span', { class: 'offset' }, at.toString(16).padStart(4, '0'));
    dump.append(el('div', {}, offset, el('span', { class: 'cells' }, ...cells.slice(at, at + 16)), el('span', { class: 'text' }, text)));
  }
  if (fields.length === 0) return el('div', { class: 'inspector' }, dump);
  const table = fieldTable(bytes, fields, cells);
  dump.addEventListener('mouseover', event => {
    const at = cells.indexOf(/** @type {HTMLElement} */ (event.target));
    if (at >= 0) table.mark(fields.findLastIndex(([, , offset, length]) => offset <= at && at < offset + length));
  });
  dump.addEventListener('mouseleave', () => table.mark(-1));
  const fault = held.i?.e ? el('p', { class: 'fault' }, `✗ ${held.i.e}`) : null;
  return el('div', { class: 'inspector' }, dump, table.element, fault);
}

/** A cell for each byte, tinted by the field that it lies in. @param {Uint8Array} bytes @param {Field[]} fields */
function cellsOf(bytes, fields) {
  /** @type {number[]} */
  const tints = [];
  const leaves = fields.filter((field, i) => !isParent(fields, i) && field[3] > 0);
  leaves.forEach(([, , offset, length], i) => {
    for (const at of range(offset, length)) tints[at] = i % 4;
  });
  return Array.from(bytes, (byte, at) =>
    el('span', { class: tints[at] === undefined ? 'cell' : `cell tint${tints[at]}` }, byte.toString(16).padStart(2, '0')),
  );
}

/** @param {number} from @param {number} length */
const range = (from, length) => Array.from({ length }, (_, i) => from + i);

/** @param {Field[]} fields @param {number} i */
function isParent(fields, i) {
  const [path = '', , offset = 0, length = 0] = fields[i] ?? [];
  const [inner = '', , at = -1] = fields[i + 1] ?? [];
  return inner.startsWith(path) && inner.length > path.length && at >= offset && at < offset + length;
}

/** @param {Uint8Array} bytes @param {Field[]} fields @param {HTMLElement[]} cells */
function fieldTable(bytes, fields, cells) {
  /** @type {HTMLElement[]} */
  const rows = [];
  /** @param {number} index */
  const mark = index => {
    for (const cell of cells) cell.classList.remove('lit');
    for (const row of rows) row.classList.remove('lit');
    const field = fields[index];
    if (!field) return;
    rows[index]?.classList.add('lit');
    for (const cell of cells.slice(field[2], field[2] + field[3])) cell.classList.add('lit');
  };
  fields.forEach((field, i) => {
    const [path, type, offset, length] = field;
    const depth = path.split(/\.|(?=\[)/).length - 1;
    const name = path.match(/(\[\d+\]|[^.[\]]+)$/)?.[0] ?? path;
    rows.push(
      el(
        'tr',
        {
          tabindex: '0',
          title: `${path}: ${type}, ${length} bytes at ${offset}`,
          onmouseenter: () => mark(i),
          onfocus: () => mark(i),
          onblur: () => mark(-1),
          onmouseleave: () => mark(-1),
        },
        el('td', { class: 'offset' }, String(offset)),
        el('th', { scope: 'row', style: `padding-left:${0.4 + depth * 0.9}em` }, name),
        el('td', { class: 'value' }, isParent(fields, i) ? el('em', {}, type) : shownValue(bytes, field)),
      ),
    );
  });
  const head = el('tr', {}, el('th', { scope: 'col' }, 'at'), el('th', { scope: 'col' }, 'field'), el('th', { scope: 'col' }, 'value'));
  const element = el('div', { class: 'fields' }, el('table', {}, el('thead', {}, head), el('tbody', {}, ...rows)));
  return { element, mark };
}

/** @param {Uint8Array} bytes @param {Field} field */
function shownValue(bytes, [, type, offset, length, text]) {
  if (text !== undefined) return text;
  // A TPM2B: its size, then its contents.
  const sized = type.startsWith('TPM2B');
  const inner = bytes.subarray(offset + (sized ? 2 : 0), offset + length);
  const hex = hexOf(inner.subarray(0, 48));
  return `${inner.length} B${inner.length > 0 ? `  ${hex}${inner.length > 48 ? '…' : ''}` : ''}`;
}

/** General registers are shown one by one. @param {string} what @param {Uint8Array} bytes @returns {Field[]} */
function registersIn(what, bytes) {
  if (what !== 'r0..r31' || bytes.length !== 256) return [];
  return range(0, 32).map(i => [`r${i}`, 'register', i * 8, 8, `0x${hexOf(bytes.subarray(i * 8, i * 8 + 8)).replace(/^0+(?=.)/, '')}`]);
}
