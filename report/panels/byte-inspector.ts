import { depthOf, lastStep } from '../../src/trace/inspect/field-path.ts';
import type { PageBytes, PageField } from '../../src/trace/report/page-data.ts';
import { hexOf, toBytes } from '../data/encodings.ts';
import { el, table } from '../parts/dom.ts';

const ROW_BYTES = 16;
/** Of a field's value. */
const MOST_SHOWN = 48;

/** Bytes and their fields side by side: what is pointed at on one side is marked on the other. */
export function byteInspector(held: PageBytes, what: string): HTMLElement {
  if (held.b === undefined) return el('p', { class: 'quiet' }, `${held.n} bytes, SHA-256 `, el('code', {}, held.d ?? ''));
  const bytes = toBytes(held.b);
  if (bytes.length === 0) return el('p', { class: 'quiet' }, 'no bytes');
  const fields = held.i?.f ?? registersIn(what, bytes);
  const cells = cellsOf(bytes, fields);
  const dump = dumpOf(bytes, cells);
  if (fields.length === 0) return el('div', { class: 'inspector' }, dump);
  const { element, mark } = fieldTable(bytes, fields, cells);
  dump.addEventListener('mouseover', event => {
    const at = event.target instanceof HTMLElement ? cells.indexOf(event.target) : -1;
    if (at >= 0) mark(fields.findLastIndex(([, , offset, length]) => offset <= at && at < offset + length));
  });
  dump.addEventListener('mouseleave', () => mark(-1));
  const fault = held.i?.e ? el('p', { class: 'fault' }, `✗ ${held.i.e}`) : null;
  return el('div', { class: 'inspector' }, dump, element, fault);
}

/** Lines of offset, bytes and text. */
function dumpOf(bytes: Uint8Array, cells: readonly HTMLElement[]): HTMLElement {
  const said = `${bytes.length} bytes: ${hexOf(bytes.subarray(0, 64))}${bytes.length > 64 ? ' and more' : ''}`;
  const dump = el('div', { class: 'dump', role: 'img', 'aria-label': said });
  for (let at = 0; at < bytes.length; at += ROW_BYTES) {
    const text = Array.from(bytes.subarray(at, at + ROW_BYTES), byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·'));
    const offset = el('span', { class: 'offset' }, at.toString(16).padStart(4, '0'));
    const row = el('span', { class: 'cells' }, ...cells.slice(at, at + ROW_BYTES));
    dump.append(el('div', {}, offset, row, el('span', { class: 'text' }, text.join(''))));
  }
  return dump;
}

/** A cell for each byte, tinted by the field that it lies in. */
function cellsOf(bytes: Uint8Array, fields: readonly PageField[]): HTMLElement[] {
  const tints: number[] = [];
  const leaves = fields.filter((field, i) => !isParent(fields, i) && field[3] > 0);
  leaves.forEach(([, , offset, length], i) => {
    for (const at of range(offset, length)) tints[at] = i % 4;
  });
  return Array.from(bytes, (byte, at) =>
    el('span', { class: tints[at] === undefined ? 'cell' : `cell tint${tints[at]}` }, byte.toString(16).padStart(2, '0')),
  );
}

const range = (from: number, length: number): number[] => Array.from({ length }, (_, i) => from + i);

function isParent(fields: readonly PageField[], i: number): boolean {
  const [path = '', , offset = 0, length = 0] = fields[i] ?? [];
  const [inner = '', , at = -1] = fields[i + 1] ?? [];
  return inner.startsWith(path) && inner.length > path.length && at >= offset && at < offset + length;
}

/** The fields, and what marks one of them with its bytes (-1: none). */
function fieldTable(
  bytes: Uint8Array,
  fields: readonly PageField[],
  cells: readonly HTMLElement[],
): { readonly element: HTMLElement; readonly mark: (index: number) => void } {
  const mark = (index: number): void => {
    for (const lit of [...cells, ...rows]) lit.classList.remove('lit');
    const field = fields[index];
    if (!field) return;
    rows[index]?.classList.add('lit');
    for (const cell of cells.slice(field[2], field[2] + field[3])) cell.classList.add('lit');
  };
  const rows = fields.map((field, i) => {
    const [path, type, offset, length] = field;
    const attributes = {
      tabindex: '0',
      title: `${path}: ${type}, ${length} bytes at ${offset}`,
      onmouseenter: () => mark(i),
      onfocus: () => mark(i),
      onblur: () => mark(-1),
      onmouseleave: () => mark(-1),
    };
    return el(
      'tr',
      attributes,
      el('td', { class: 'offset' }, String(offset)),
      el('th', { scope: 'row', style: `padding-left:${0.4 + depthOf(path) * 0.9}em` }, lastStep(path)),
      el('td', { class: 'value' }, isParent(fields, i) ? el('em', {}, type) : shownValue(bytes, field)),
    );
  });
  const head = el('tr', {}, ...['at', 'field', 'value'].map(name => el('th', { scope: 'col' }, name)));
  return { element: el('div', { class: 'fields' }, table(head, rows)), mark };
}

function shownValue(bytes: Uint8Array, [, type, offset, length, text]: PageField): string {
  if (text !== undefined) return text;
  // A TPM2B: its size, then its contents.
  const sized = type.startsWith('TPM2B');
  const inner = bytes.subarray(offset + (sized ? 2 : 0), offset + length);
  const hex = hexOf(inner.subarray(0, MOST_SHOWN));
  return `${inner.length} B${inner.length > 0 ? `  ${hex}${inner.length > MOST_SHOWN ? '…' : ''}` : ''}`;
}

/** General registers are shown one by one. */
function registersIn(what: string, bytes: Uint8Array): readonly PageField[] {
  if (what !== 'r0..r31' || bytes.length !== 256) return [];
  return range(0, 32).map(i => [`r${i}`, 'register', i * 8, 8, `0x${hexOf(bytes.subarray(i * 8, i * 8 + 8)).replace(/^0+(?=.)/, '')}`]);
}
