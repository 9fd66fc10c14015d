import { count, showMs } from '../../src/trace/event/wording.ts';
import type { PageAbout, PageEvent } from '../../src/trace/report/page-data.ts';
import { partyOf } from '../../src/trace/view/one-party.ts';
import { glyphOf, isBad, type Row } from '../data/event-rows.ts';
import { byId, el } from '../parts/dom.ts';

/** Rows beyond the window's edges that exist too. */
const OVERSCAN = 12;
/** Heights of a row, in pixels. */
const ZOOMS = [26, 34, 44, 58];

/** The sequence diagram: only the rows near the window exist. */
export class SequenceDiagram {
  rows: readonly Row[] = [];
  /** Indices of rows that a search found. */
  matches: ReadonlySet<number> = new Set();
  selected = 0;
  /** All rows exist, as on paper. */
  everything = false;
  /** Those of which events are seen, as indices into all. */
  #lanes: readonly number[] = [];
  #zoom = 1;
  #unseenBy = '';
  #frame = 0;
  readonly #all: PageAbout['lanes'];
  readonly #kinds: PageAbout['kinds'];
  readonly #onSelect: (index: number) => void;
  readonly #scroller = byId('scroller');
  readonly #list = byId('diagram');
  readonly #holder = byId('rows');

  constructor({ lanes, kinds }: PageAbout, onSelect: (index: number) => void) {
    this.#all = lanes;
    this.#kinds = kinds;
    this.#onSelect = onSelect;
    this.#scroller.addEventListener('scroll', () => this.draw(), { passive: true });
    addEventListener('resize', () => this.draw());
    this.#holder.addEventListener('click', event => {
      const row = event.target instanceof Element && event.target.closest('[data-row]');
      if (row) this.#onSelect(Number(row.getAttribute('data-row')));
    });
  }

  /** Shows rows; `unseenBy`: whom a gap is about. */
  show(rows: readonly Row[], unseenBy: string): void {
    this.rows = rows;
    this.#unseenBy = unseenBy;
    const used = new Set(rows.flatMap(({ event }) => (event ? [event.f, event.o] : [])));
    this.#lanes = this.#all.flatMap((_, i) => (used.has(i) ? [i] : []));
    const heads = this.#lanes.map(lane => {
      const { id, name = '' } = this.#all[lane] ?? {};
      return el('div', { class: `head ${id}`, style: `left:${this.#x(lane)}%` }, el('span', {}, name));
    });
    byId('scroller').style.setProperty('--lanes', String(this.#lanes.length));
    byId('heads').replaceChildren(el('div', { class: 'corner' }, 'event'), el('div', { class: 'head-lanes' }, ...heads));
    byId('lifelines').replaceChildren(
      ...this.#zones(),
      ...this.#lanes.map(lane => el('i', { class: this.#all[lane]?.id, style: `left:${this.#x(lane)}%` })),
    );
    this.#layout();
  }

  /** Where a lane stands, in percent of the lanes' width. */
  #x(lane: number): number {
    return ((this.#lanes.indexOf(lane) + 0.5) / this.#lanes.length) * 100;
  }

  /** A shade over what the hypervisor controls. */
  #zones(): HTMLElement[] {
    const mine = this.#lanes.filter(lane => partyOf('hypervisor').some(actor => actor === this.#all[lane]?.id));
    if (mine.length === 0) return [];
    const width = 100 / this.#lanes.length;
    const from = Math.min(...mine.map(lane => this.#x(lane))) - width / 2;
    return [el('div', { class: 'zone', style: `left:${from}%;width:${width * mine.length}%` })];
  }

  get #rowHeight(): number {
    return ZOOMS[this.#zoom] ?? 34;
  }

  zoomBy(by: 1 | -1): void {
    this.#zoom = Math.min(ZOOMS.length - 1, Math.max(0, this.#zoom + by));
    this.#layout();
    this.#reveal();
  }

  #layout(): void {
    this.#list.style.setProperty('--row', `${this.#rowHeight}px`);
    this.#list.style.height = `${this.rows.length * this.#rowHeight}px`;
    this.draw(true);
  }

  select(index: number): void {
    this.selected = Math.max(0, Math.min(this.rows.length - 1, index));
    this.#reveal();
    this.draw(true);
    this.#list.setAttribute('aria-activedescendant', `row-${this.selected}`);
  }

  /** Scrolls as little as is needed; to a place that is out of sight, so that it stands in the middle. */
  #reveal(): void {
    const height = this.#rowHeight;
    const top = this.selected * height;
    const room = this.#scroller.clientHeight - byId('heads').offsetHeight;
    const { scrollTop } = this.#scroller;
    if (top < scrollTop - 3 * height || top > scrollTop + room + 2 * height) this.#scroller.scrollTop = top - room / 2;
    else if (top < scrollTop + height) this.#scroller.scrollTop = top - height;
    else if (top + 2 * height > scrollTop + room) this.#scroller.scrollTop = top + 2 * height - room;
  }

  /** With the next frame, or now. */
  draw(now = false): void {
    cancelAnimationFrame(this.#frame);
    if (now) this.#render();
    else this.#frame = requestAnimationFrame(() => this.#render());
  }

  #render(): void {
    const height = this.#rowHeight;
    const from = this.everything ? 0 : Math.max(0, Math.floor(this.#scroller.scrollTop / height) - OVERSCAN);
    const to = this.everything
      ? this.rows.length
      : Math.min(this.rows.length, Math.ceil((this.#scroller.scrollTop + this.#scroller.clientHeight) / height) + OVERSCAN);
    this.#holder.classList.toggle('whole', this.everything);
    this.#holder.replaceChildren(...this.rows.slice(from, to).map((row, i) => this.#row(row, from + i)));
  }

  #row(row: Row, index: number): HTMLElement {
    const { event } = row;
    const common = {
      id: `row-${index}`,
      role: 'option',
      'aria-selected': index === this.selected ? 'true' : 'false',
      'aria-setsize': this.rows.length,
      'aria-posinset': index + 1,
      'data-row': index,
      style: this.everything ? '' : `top:${index * this.#rowHeight}px`,
    };
    if (!event) {
      const text = `${count(row.gap, 'event')} that the ${this.#unseenBy} does not see`;
      return el('div', { ...common, class: 'row gap' }, el('span', { class: 'unseen' }, text));
    }
    const classes = [
      'row',
      `k-${event.k.replace('.', '-')}`,
      isBad(event) && 'bad',
      event.n === 'good' && 'good',
      event.n === 'key' && 'key',
      event.r && 'routine',
      this.matches.has(index) && 'match',
    ];
    const gutter = el('span', { class: 'when' }, el('b', {}, `#${event.q}`), el('small', {}, showMs(event.t)));
    const attributes = { ...common, class: classes.filter(Boolean).join(' ') };
    if (event.k === 'step.start') return el('div', attributes, gutter, el('span', { class: 'chapter' }, event.x));
    return el('div', { ...attributes, title: event.x }, gutter, this.#lanesOf(event));
  }

  /** An arrow from lane to lane, or a dot on one, and what it says, where there is most room for it. */
  #lanesOf(event: PageEvent): HTMLElement {
    const [a, b] = [this.#x(event.f), this.#x(event.o)];
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    const right = low < 55;
    const place = right
      ? `--at:calc(${low}% + 12px);--room:calc(${100 - low}% - 18px)`
      : `--at:calc(${100 - high}% + 12px);--room:calc(${high}% - 18px)`;
    const names = `${this.#all[event.f]?.name}${event.f === event.o ? '' : ` to ${this.#all[event.o]?.name}`}: `;
    const back = /return|response/.test(event.k) ? ' back' : '';
    const way =
      event.f === event.o
        ? el('i', { class: 'dot', style: `left:${a}%` })
        : el('i', { class: `arrow ${b < a ? 'to-left' : 'to-right'}${back}`, style: `left:${low}%;width:${high - low}%` });
    const label = [glyphOf(event, this.#kinds), event.x].filter(Boolean).join(' ');
    const spoken = el('span', { class: 'sr' }, names);
    return el(
      'span',
      { class: 'lanes' },
      way,
      el('span', { class: `label${right ? '' : ' end'}`, style: place }, spoken, marksOf(event), label),
    );
  }
}

/** Whether the hypervisor sees bytes here, or there are bytes that it does not see. */
function marksOf({ s }: PageEvent): HTMLElement | null {
  if (!s?.length) return null;
  const exposed = s.some(([, , seenBy]) => seenBy.includes('hypervisor'));
  const title = exposed ? 'the hypervisor sees bytes' : 'bytes that the hypervisor does not see';
  return el('span', { class: `eye${exposed ? ' exposed' : ''}`, title, role: 'img', 'aria-label': title }, exposed ? '●' : '○');
}
