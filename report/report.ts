import { count, showMs } from '../src/trace/event/wording.ts';
import type { PageAboutRun, PageEvent } from '../src/trace/report/page-data.ts';
import type { Viewpoint } from '../src/trace/view/viewpoint.ts';
import { showFilters } from './controls/filter-chips.ts';
import { openHelp } from './controls/help.ts';
import { listenToKeys } from './controls/keyboard.ts';
import { buildControls, TABS, type Tab } from './controls/page-controls.ts';
import { turnTheme } from './controls/theme.ts';
import { type Filter, isBad, type Row, rowsOf } from './data/event-rows.ts';
import { loadView, readAbout, type View } from './data/load-view.ts';
import { findIn } from './data/search.ts';
import { SequenceDiagram } from './diagram/sequence-diagram.ts';
import { showTicks } from './diagram/ticks.ts';
import { eventPanel } from './panels/event-panel.ts';
import { knowledgePanel } from './panels/knowledge-panel.ts';
import { memoryPanel } from './panels/memory-panel.ts';
import { tpmPanel } from './panels/tpm-panel.ts';
import { inText, nameOf } from './parts/actor-names.ts';
import { byId, el, theInput } from './parts/dom.ts';

const about = readAbout();
const diagram = new SequenceDiagram(about, index => select(index));
const filter: Filter = { hidden: new Set(), routine: false };
const state: { run: number; tab: Tab; seq: number; search: string } = { run: 0, tab: 'event', seq: 0, search: '' };
let view: View = { viewpoint: 'omniscient', runs: [], bytes: new Map() };
/** The events that are seen, by number. */
let bySeq: ReadonlyMap<number, PageEvent> = new Map();

const events = (): readonly PageEvent[] => view.runs[state.run]?.events ?? [];
const runAbout = (): PageAboutRun | undefined => about.runs[state.run];

async function look(viewpoint: Viewpoint): Promise<void> {
  view = await loadView(about, viewpoint);
  document.body.dataset.viewpoint = viewpoint;
  for (const button of byId('views').children) {
    const chosen = button.getAttribute('data-view') === viewpoint;
    button.setAttribute('aria-checked', String(chosen));
    button.setAttribute('tabindex', chosen ? '0' : '-1');
  }
  say(`${nameOf(viewpoint)}: ${count(events().length, 'event')} of ${runAbout()?.events}`);
  layOut();
}

/** Rows from events; the selection stays at its moment. */
function layOut(): void {
  const run = runAbout();
  bySeq = new Map(events().map(event => [event.q, event]));
  diagram.show(rowsOf(events(), filter, about.kinds, run?.last ?? 0), inText(view.viewpoint));
  if (run) tellOf(run);
  showFilters(about.groups, events(), filter, layOut);
  search(state.search);
  showTicks(diagram.rows);
  theInput('slider').max = String(Math.max(0, diagram.rows.length - 1));
  const at = diagram.rows.findLastIndex(({ event }) => event && event.q <= state.seq);
  select(Math.max(0, at), true);
}

/** Title, verdict, seed, hosts and how many events are seen. */
function tellOf({ title, ok, seed, hosts, events: all }: PageAboutRun): void {
  const verdict = ok === undefined ? 'not finished' : ok ? '✓ held' : '✗ failed';
  const machines = hosts
    .map(({ name, tpm, profile, generation }) => `${name}: TPM ${tpm}, profile ${profile}${generation ? `, generation ${generation}` : ''}`)
    .join('; ');
  const seen = `${events().length === all ? '' : `${events().length} of `}${count(all, 'event')}`;
  byId('title').textContent = title;
  byId('panel').tabIndex = 0;
  byId('about').replaceChildren(el('b', { class: ok ? 'good' : 'bad' }, verdict), ` · seed ${seed} · ${machines} · ${seen}`);
}

/** Goes to a row. `keep`: the moment stays what it was, though nothing of it is seen. */
function select(index: number, keep = false): void {
  diagram.select(index);
  const row = diagram.rows[diagram.selected];
  if (!keep && row?.event) state.seq = row.event.q;
  else if (!keep && row)
    state.seq = (diagram.rows.slice(0, diagram.selected).findLast(({ event }) => event)?.event?.q ?? -1) + (row.gap ?? 0);
  const slider = theInput('slider');
  slider.value = String(diagram.selected);
  const text = row?.event ? `#${row.event.q} · ${showMs(row.event.t)}` : `…#${state.seq}`;
  slider.setAttribute('aria-valuetext', row?.event ? `${text}, ${row.event.x}` : text);
  byId('moment').textContent = text;
  showPanel();
}

function showPanel(): void {
  for (const tab of byId('tabs').children) {
    const chosen = tab.id === `tab-${state.tab}`;
    tab.setAttribute('aria-selected', String(chosen));
    tab.setAttribute('tabindex', chosen ? '0' : '-1');
  }
  const holder = byId('panel');
  holder.setAttribute('aria-labelledby', `tab-${state.tab}`);
  holder.scrollTop = 0;
  holder.replaceChildren(panels[state.tab]());
}

const panels: Readonly<Record<Tab, () => HTMLElement>> = {
  event: () => {
    const { event, gap = 0 } = diagram.rows[diagram.selected] ?? {};
    if (event) return eventPanel(event, { bytes: view.bytes, events: events(), bySeq, go });
    return el(
      'div',
      { class: 'empty' },
      el('p', {}, `${count(gap, 'event')} that the ${inText(view.viewpoint)} does not see.`),
      el('p', { class: 'quiet' }, 'Nothing of them is in this view.'),
    );
  },
  knows: () => knowledgePanel(view.runs[state.run]?.secrets ?? [], state.seq, view.viewpoint),
  memory: () => memoryPanel(events(), state.seq),
  tpm: () => tpmPanel(events(), state.seq),
};

/** Goes to an event, showing what hides it. */
function go(seq: number): void {
  const indexOf = (): number => diagram.rows.findIndex(({ event }) => event?.q === seq);
  if (indexOf() < 0) {
    filter.hidden.clear();
    filter.routine = true;
    state.seq = seq;
    layOut();
  }
  if (indexOf() >= 0) select(indexOf());
}

/** Goes to the next row of a kind. */
function hop(by: 1 | -1, wanted: (event: PageEvent) => boolean): void {
  const isWanted = ({ event }: Row): boolean => event !== undefined && wanted(event);
  const { rows, selected } = diagram;
  const at = by > 0 ? rows.findIndex((row, i) => i > selected && isWanted(row)) : rows.slice(0, selected).findLastIndex(isWanted);
  if (at >= 0) select(at);
  else say('no more');
}

function search(text: string): void {
  state.search = text;
  diagram.matches = findIn(diagram.rows, text, view.bytes);
  const { size } = diagram.matches;
  byId('found').textContent = text.trim() === '' ? '' : `${size} ${size === 1 ? 'match' : 'matches'}`;
  diagram.draw(true);
}

function nextMatch(by: 1 | -1): void {
  const all = [...diagram.matches];
  const { selected } = diagram;
  const next = by > 0 ? (all.find(index => index > selected) ?? all[0]) : (all.findLast(index => index < selected) ?? all.at(-1));
  if (next === undefined) return;
  select(next);
  byId('found').textContent = `${all.indexOf(next) + 1} of ${all.length}`;
}

function toggleRoutine(): void {
  filter.routine = !filter.routine;
  layOut();
}

function say(text: string): void {
  byId('said').textContent = text;
}

function showTab(tab: Tab): void {
  state.tab = tab;
  showPanel();
}

function pickRun(run: number): void {
  state.run = run;
  state.seq = 0;
  layOut();
}

const [forth, back] = [() => select(diagram.selected + 1), () => select(diagram.selected - 1)];
const keys: Readonly<Record<string, () => unknown>> = {
  ArrowDown: forth,
  ArrowRight: forth,
  j: forth,
  ArrowUp: back,
  ArrowLeft: back,
  PageDown: () => select(diagram.selected + 10),
  PageUp: () => select(diagram.selected - 10),
  Home: () => select(0),
  End: () => select(diagram.rows.length - 1),
  ']': () => hop(1, ({ k }) => k === 'step.start'),
  '[': () => hop(-1, ({ k }) => k === 'step.start'),
  '!': () => hop(1, isBad),
  '/': () => theInput('search').focus(),
  n: () => nextMatch(1),
  N: () => nextMatch(-1),
  r: toggleRoutine,
  t: turnTheme,
  '+': () => diagram.zoomBy(1),
  '=': () => diagram.zoomBy(1),
  '-': () => diagram.zoomBy(-1),
  '?': openHelp,
  ...Object.fromEntries(TABS.map(([tab, , key]) => [key, () => showTab(tab)])),
  ...Object.fromEntries(about.viewpoints.map((viewpoint, i) => [String(i + 1), () => look(viewpoint)])),
};

buildControls(about, diagram, { look, showTab, search, select, pickRun });
listenToKeys(keys, nextMatch);
const [, wantedView] = location.hash.match(/view=([\w-]+)/) ?? [];
const [, wantedEvent] = location.hash.match(/event=(\d+)/) ?? [];
void look(about.viewpoints.find(viewpoint => viewpoint === wantedView) ?? about.viewpoints[0] ?? 'omniscient').then(() => {
  if (wantedEvent) go(Number(wantedEvent));
  byId('diagram').focus({ preventScroll: true });
});
