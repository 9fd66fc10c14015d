import { byId, countOf, el, showMs } from './dom.js';
import { glyphOf } from './rows.js';

/** @typedef {import('./rows.js').Row} Row */
/** @typedef {{ id: string, name: string }} Lane */

const OVERSCAN = 12;
const ZOOMS = [26, 34, 44, 58];

/** The sequence diagram: only the rows near the window exist. */
export class Diagram {
  /** @type {Row[]} */ rows = [];
  /** @type {number[]} */ lanes = [];
  /** @type {Set<number>} */ matches = new Set();
  selected = 0;
  zoom = 1;
  everything = false;
  #scroller = byId('scroller');
  #list = byId('diagram');
  #holder = byId('rows');
  #frame = 0;

  /** @param {Lane[]} all @param {(index: number) => void} onSelect */
  constructor(all, onSelect) {
    this.all = all;
    this.onSelect = onSelect;
    this.#scroller.addEventListener('scroll', () => this.draw(), { passive: true });
    addEventListener('resize', () => this.draw());
    this.#holder.addEventListener('click', event => {
      const row = /** @type {Element} */ (event.target).closest('[data-row]');
      if (row) this.onSelect(Number(row.getAttribute('data-row')));
    });
  }

  /** @param {Row[]} rows @param {string} unseenBy whom a gap is about */
  show(rows, unseenBy) {
    this.rows = rows;
    this.unseenBy = unseenBy;
    const used = new Set(rows.flatMap(({ event }) => (event ? [event.f, event.o] : [])));
    this.lanes = this.all.flatMap((_, i) => (used.has(i) ? [i] : []));
    const heads = this.lanes.map(lane => {
      const { id, name = '' } = this.all[lane] ?? {};
      return el('div', { class: `head ${id}`, style: `left:${this.#x(lane)}%` }, el('span', {}, name));
    });
    byId('scroller').style.setProperty('--lanes', String(this.lanes.length));
    byId('heads').replaceChildren(el('div', { class: 'corner' }, 'event'), el('div', { class: 'head-lanes' }, ...heads));
    byId('lifelines').replaceChildren(
      ...this.#zones(),
      ...this.lanes.map(lane => el('i', { class: this.all[lane]?.id, style: `left:${this.#x(lane)}%` })),
    );
    this.#layout();
  }

  /** Where a lane stands, in percent of the lanes' width. @param {number} lane */
  #x(lane) {
    return ((this.lanes.indexOf(lane) + 0.5) / this.lanes.length) * 100;
  }

  /** A shade over what the hypervisor controls. */
  #zones() {
    const mine = this.lanes.filter(lane => ['hypervisor', 'spapr-tpm-proxy', 'tpmrm'].includes(this.all[lane]?.id ?? ''));
    if (mine.length === 0) return [];
    const width = 100 / this.lanes.length;
    const from = Math.min(...mine.map(lane => this.#x(lane))) - width / 2;
    return [el('div', { class: 'zone', style: `left:${from}%;width:${width * mine.length}%` })];
  }

  get rowHeight() {
    return ZOOMS[this.zoom] ?? 34;
  }

  /** @param {number} by */
  zoomBy(by) {
    this.zoom = Math.min(ZOOMS.length - 1, Math.max(0, this.zoom + by));
    this.#layout();
    this.reveal();
  }

  #layout() {
    this.#list.style.setProperty('--row', `${this.rowHeight}px`);
    this.#list.style.height = `${this.rows.length * this.rowHeight}px`;
    this.draw(true);
  }

  /** @param {number} index */
  select(index) {
    this.selected = Math.max(0, Math.min(this.rows.length - 1, index));
    this.reveal();
    this.draw(true);
    this.#list.setAttribute('aria-activedescendant', `row-${this.selected}`);
  }

  /** Scrolls as little as is needed; to a place that is out of sight, so that it stands in the middle. */
  reveal() {
    const height = this.rowHeight;
    const top = this.selected * height;
    const room = this.#scroller.clientHeight - byId('heads').offsetHeight;
    const { scrollTop } = this.#scroller;
    if (top < scrollTop - 3 * height || top > scrollTop + room + 2 * height) this.#scroller.scrollTop = top - room / 2;
    else if (top < scrollTop + height) this.#scroller.scrollTop = top - height;
    else if (top + 2 * height > scrollTop + room) this.#scroller.scrollTop = top + 2 * height - room;
  }

  draw(now = false) {
    cancelAnimationFrame(this.#frame);
    if (now) this.#render();
    else this.#frame = requestAnimationFrame(() => this.#render());
  }

  #render() {
    const height = this.rowHeight;
    const from = this.everything ? 0 : Math.max(0, Math.floor(this.#scroller.scrollTop / height) - OVERSCAN);
    const to = this.everything
      ? this.rows.length
      : Math.min(this.rows.length, Math.ceil((this.#scroller.scrollTop + this.#scroller.clientHeight) / height) + OVERSCAN);
    this.#holder.classList.toggle('whole', this.everything);
    this.#holder.replaceChildren(...this.rows.slice(from, to).map((row, i) => this.#row(row, from + i)));
  }

  /** @param {Row} row @param {number} index */
  #row(row, index) {
    const { event } = row;
    const common = {
      id: `row-${index}`,
      role: 'option',
      'aria-selected': index === this.selected ? 'true' : 'false',
      'aria-setsize': this.rows.length,
      'aria-posinset': index + 1,
      'data-row': index,
      style: this.everything ? '' : `top:${index * this.rowHeight}px`,
    };
    if (!event) {
      const text = `${countOf(row.gap ?? 0, 'event')} that the ${this.unseenBy} does not see`;
      return el('div', { ...common, class: 'row gap' }, el('span', { class: 'unseen' }, text));
    }
    const bad = event.n === 'bad' || event.k === 'adversary';
    const classes = [
      'row',
      `k-${event.k.replace('.', '-')}`,
      bad && 'bad',
      event.n === 'good' && 'good',
      event.n === 'key' && 'key',
      event.r && 'routine',
      this.matches.has(index) && 'match',
    ];
    const gutter = el('span', { class: 'when' }, el('b', {}, `#${event.q}`), el('small', {}, showMs(event.t)));
    const label = [glyphOf(event), event.x].filter(Boolean).join(' ');
    if (event.k === 'step.start')
      return el('div', { ...common, class: classes.filter(Boolean).join(' ') }, gutter, el('span', { class: 'chapter' }, event.x));
    const [a, b] = [this.#x(event.f), this.#x(event.o)];
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    const place =
      low < 55
        ? `--at:calc(${low}% + 12px);--room:calc(${100 - low}% - 18px)`
        : `--at:calc(${100 - high}% + 12px);--room:calc(${high}% - 18px)`;
    const seen = marksOf(event);
    const names = `${this.all[event.f]?.name}${event.f === event.o ? '' : ` to ${this.all[event.o]?.name}`}: `;
    return el(
      'div',
      { ...common, class: classes.filter(Boolean).join(' '), title: event.x },
      gutter,
      el(
        'span',
        { class: 'lanes' },
        event.f === event.o
          ? el('i', { class: 'dot', style: `left:${a}%` })
          : el('i', {
              class: `arrow ${b < a ? 'to-left' : 'to-right'}${/return|response/.test(event.k) ? ' back' : ''}`,
              style: `left:${low}%;width:${high - low}%`,
            }),
        el('span', { class: `label${low < 55 ? '' : ' end'}`, style: place }, el('span', { class: 'sr' }, names), seen, label),
      ),
    );
  }
}

/** Whether the hypervisor sees bytes here, or there are bytes that it does not see. @param {import('./store.js').PageEvent} event */
function marksOf({ s }) {
  if (!s?.length) return null;
  const exposed = s.some(([, , seenBy]) => seenBy.includes('hypervisor'));
  const title = exposed ? 'the hypervisor sees bytes' : 'bytes that the hypervisor does not see';
  return el('span', { class: `eye${exposed ? ' exposed' : ''}`, title, role: 'img', 'aria-label': title }, exposed ? '●' : '○');
}
