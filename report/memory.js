import { countOf, el } from './dom.js';

/** @typedef {import('./store.js').PageEvent} PageEvent */

const MOST_CELLS = 1500;
/** @type {Record<string, [string, string]>} */
const PAGE_KINDS = {
  secure: ['secure', 'S'],
  shared: ['shared', 'H'],
  'paged out': ['paged', 'P'],
  'pseudo-shared': ['pseudo', '~'],
  'changing hands': ['moving', '…'],
};

/** The guests' memory at a moment. @param {PageEvent[]} events @param {number} now */
export function memoryPanel(events, now) {
  /** @type {Map<string, Map<number, [string, string]>>} */
  const guests = new Map();
  for (const { q, m } of events) {
    if (q > now) break;
    if (!m) continue;
    const [guest, frame, state, kind] = m;
    const pages = guests.get(guest) ?? new Map();
    if (frame < 0) pages.clear();
    else pages.set(frame, [state, kind]);
    guests.set(guest, pages);
  }
  if (guests.size === 0)
    return el(
      'div',
      { class: 'empty' },
      el('p', {}, 'No page has changed hands so far.'),
      el('p', { class: 'quiet' }, 'A guest’s memory is the hypervisor’s until it asks to become secure.'),
    );
  return el(
    'div',
    { class: 'memory' },
    ...[...guests].map(([guest, pages]) => guestMap(guest, pages)),
    el(
      'p',
      { class: 'legend' },
      ...Object.entries(PAGE_KINDS).flatMap(([name, [kind, glyph]]) => [el('span', { class: `page ${kind}` }, glyph), ` ${name}  `]),
    ),
  );
}

/** @param {string} guest @param {Map<number, [string, string]>} pages */
function guestMap(guest, pages) {
  const [host, lpid] = guest.split('/');
  const title = el('h3', {}, `Partition ${lpid} on ${host}`, el('small', {}, ` ${countOf(pages.size, 'page')} of 64 KiB known`));
  if (pages.size === 0) return el('section', {}, title, el('p', { class: 'quiet' }, 'Its secure memory has been wiped and given back.'));
  const ranges = rangesOf(pages);
  const cells = [...pages].sort(([a], [b]) => a - b).slice(0, MOST_CELLS);
  let before = -2;
  const map = el('div', { class: 'map', 'aria-hidden': 'true' });
  for (const [frame, [state, name]] of cells) {
    const [kind = '', glyph = ''] = PAGE_KINDS[name] ?? [];
    if (frame !== before + 1) map.append(el('span', { class: 'jump' }, addressOf(frame)));
    map.append(el('span', { class: `page ${kind}`, title: `${addressOf(frame)} ${state}` }, glyph));
    before = frame;
  }
  const rows = ranges.map(({ from, to, state, kind }) =>
    el(
      'tr',
      {},
      el('td', {}, el('code', {}, `${addressOf(from)}–${addressOf(to + 1, -1)}`)),
      el('td', {}, countOf(to - from + 1, 'page')),
      el('td', {}, state),
      el('td', {}, kind),
    ),
  );
  const head = el('tr', {}, ...['range', 'pages', 'state', 'which is'].map(name => el('th', { scope: 'col' }, name)));
  return el('section', {}, title, map, el('table', {}, el('thead', {}, head), el('tbody', {}, ...rows)));
}

/** @param {Map<number, [string, string]>} pages */
function rangesOf(pages) {
  /** @type {{ from: number, to: number, state: string, kind: string }[]} */
  const ranges = [];
  for (const [frame, [state, kind]] of [...pages].sort(([a], [b]) => a - b)) {
    const last = ranges.at(-1);
    if (last && last.to === frame - 1 && last.state === state) last.to = frame;
    else ranges.push({ from: frame, to: frame, state, kind });
  }
  return ranges;
}

/** @param {number} frame */
const addressOf = (frame, plus = 0) => `0x${(frame * 0x10000 + plus).toString(16)}`;
