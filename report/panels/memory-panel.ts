import { count } from '../../src/trace/event/wording.ts';
import type { PageEvent } from '../../src/trace/report/page-data.ts';
import type { PageKind } from '../../src/trace/view/guest-pages.ts';
import { el, table } from '../parts/dom.ts';

const MOST_CELLS = 1500;
/** Class and glyph. */
const PAGE_KINDS: Readonly<Record<PageKind, readonly [string, string]>> = {
  secure: ['secure', 'S'],
  shared: ['shared', 'H'],
  'paged out': ['paged', 'P'],
  'pseudo-shared': ['pseudo', '~'],
  'changing hands': ['moving', '…'],
};

/** By frame: state and kind. */
type Pages = Map<number, readonly [string, PageKind]>;

/** The guests' memory at a moment. */
export function memoryPanel(events: readonly PageEvent[], now: number): HTMLElement {
  const guests = pagesAt(events, now);
  if (guests.size === 0)
    return el(
      'div',
      { class: 'empty' },
      el('p', {}, 'No page has changed hands so far.'),
      el('p', { class: 'quiet' }, 'A guest’s memory is the hypervisor’s until it asks to become secure.'),
    );
  const legend = Object.entries(PAGE_KINDS).flatMap(([name, [kind, glyph]]) => [
    el('span', { class: `page ${kind}` }, glyph),
    ` ${name}  `,
  ]);
  return el(
    'div',
    { class: 'memory' },
    ...[...guests].map(([guest, pages]) => guestMap(guest, pages)),
    el('p', { class: 'legend' }, ...legend),
  );
}

/** By guest, what its pages are. */
function pagesAt(events: readonly PageEvent[], now: number): Map<string, Pages> {
  const guests = new Map<string, Pages>();
  for (const { q, m } of events) {
    if (q > now) break;
    if (!m) continue;
    const [guest, frame, state, kind] = m;
    const pages: Pages = guests.get(guest) ?? new Map();
    if (frame < 0) pages.clear();
    else pages.set(frame, [state, kind]);
    guests.set(guest, pages);
  }
  return guests;
}

function guestMap(guest: string, pages: Pages): HTMLElement {
  const [host, lpid] = guest.split('/');
  const title = el('h3', {}, `Partition ${lpid} on ${host}`, el('small', {}, ` ${count(pages.size, 'page')} of 64 KiB known`));
  if (pages.size === 0) return el('section', {}, title, el('p', { class: 'quiet' }, 'Its secure memory has been wiped and given back.'));
  const sorted = [...pages].sort(([a], [b]) => a - b);
  let before = -2;
  const map = el('div', { class: 'map', 'aria-hidden': 'true' });
  for (const [frame, [state, name]] of sorted.slice(0, MOST_CELLS)) {
    const [kind, glyph] = PAGE_KINDS[name];
    if (frame !== before + 1) map.append(el('span', { class: 'jump' }, addressOf(frame)));
    map.append(el('span', { class: `page ${kind}`, title: `${addressOf(frame)} ${state}` }, glyph));
    before = frame;
  }
  const rows = rangesOf(sorted).map(({ from, to, state, kind }) =>
    el(
      'tr',
      {},
      el('td', {}, el('code', {}, `${addressOf(from)}–${addressOf(to + 1, -1)}`)),
      el('td', {}, count(to - from + 1, 'page')),
      el('td', {}, state),
      el('td', {}, kind),
    ),
  );
  const head = el('tr', {}, ...['range', 'pages', 'state', 'which is'].map(name => el('th', { scope: 'col' }, name)));
  return el('section', {}, title, map, table(head, rows));
}

interface Range {
  readonly from: number;
  to: number;
  readonly state: string;
  readonly kind: PageKind;
}

/** Pages of one state that lie side by side. */
function rangesOf(sorted: readonly (readonly [number, readonly [string, PageKind]])[]): Range[] {
  const ranges: Range[] = [];
  for (const [frame, [state, kind]] of sorted) {
    const last = ranges.at(-1);
    if (last && last.to === frame - 1 && last.state === state) last.to = frame;
    else ranges.push({ from: frame, to: frame, state, kind });
  }
  return ranges;
}

const addressOf = (frame: number, plus = 0): string => `0x${(frame * 0x10000 + plus).toString(16)}`;
