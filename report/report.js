import { buildControls, TABS } from './controls.js';
import { Diagram } from './diagram.js';
import { byId, countOf, el, inputById, showMs } from './dom.js';
import { showFilters } from './filters.js';
import { openHelp } from './help.js';
import { eventPanel } from './inspector.js';
import { listenToKeys } from './keyboard.js';
import { knowledgePanel } from './knowledge.js';
import { memoryPanel } from './memory.js';
import { inText, nameOf } from './names.js';
import { rowsOf } from './rows.js';
import { findIn } from './search.js';
import { loadView, readAbout } from './store.js';
import { turnTheme } from './theme.js';
import { showTicks } from './ticks.js';
import { tpmPanel } from './tpm.js';

const about = readAbout();
const diagram = new Diagram(about.lanes, index => select(index));
const filter = { hidden: new Set(), routine: false };
const state = { run: 0, tab: 'event', seq: 0, search: '' };
/** @type {import('./store.js').View} */
let view = { viewpoint: '', runs: [], bytes: new Map() };

/** The events that are seen, by number. @type {Map<number, import('./store.js').PageEvent>} */
let bySeq = new Map();

const events = () => view.runs[state.run]?.events ?? [];
const runAbout = () => about.runs[state.run];

/** @param {string} viewpoint */
async function look(viewpoint) {
  view = await loadView(about, viewpoint);
  document.body.dataset.viewpoint = viewpoint;
  for (const button of byId('views').children) {
    const chosen = button.getAttribute('data-view') === viewpoint;
    button.setAttribute('aria-checked', String(chosen));
    button.setAttribute('tabindex', chosen ? '0' : '-1');
  }
  say(`${nameOf(viewpoint)}: ${countOf(events().length, 'event')} of ${runAbout()?.events}`);
  layOut();
}

/** Rows from events; the selection stays at its moment. */
function layOut() {
  bySeq = new Map(events().map(event => [event.q, event]));
  const run = runAbout();
  diagram.show(rowsOf(events(), filter, run?.last ?? 0), inText(view.viewpoint));
  const hosts = (run?.hosts ?? []).map(({ name, tpm, profile }) => `${name}: TPM ${tpm}, profile ${profile}`).join('; ');
  const verdict = run?.ok === undefined ? 'not finished' : run.ok ? '✓ held' : '✗ failed';
  byId('title').textContent = run?.title ?? '';
  byId('panel').tabIndex = 0;
  byId('about').replaceChildren(
    el('b', { class: run?.ok ? 'good' : 'bad' }, verdict),
    ` · seed ${run?.seed} · ${hosts} · ${events().length === run?.events ? '' : `${events().length} of `}${countOf(run?.events ?? 0, 'event')}`,
  );
  showFilters(events(), filter, layOut);
  search(state.search);
  showTicks(diagram.rows);
  inputById('slider').max = String(Math.max(0, diagram.rows.length - 1));
  const at = diagram.rows.findLastIndex(({ event }) => event && event.q <= state.seq);
  select(Math.max(0, at), true);
}

/** @param {number} index @param {boolean} [keep] the moment stays what it was, though nothing of it is seen */
function select(index, keep = false) {
  diagram.select(index);
  const row = diagram.rows[diagram.selected];
  const before = eventBefore(diagram.selected);
  if (!keep && row?.event) state.seq = row.event.q;
  else if (!keep && row) state.seq = (before?.q ?? -1) + (row.gap ?? 0);
  const slider = inputById('slider');
  slider.value = String(diagram.selected);
  const text = row?.event ? `#${row.event.q} · ${showMs(row.event.t)}` : `…#${state.seq}`;
  slider.setAttribute('aria-valuetext', row?.event ? `${text}, ${row.event.x}` : text);
  byId('moment').textContent = text;
  panel();
}

/** @param {number} index */
function eventBefore(index) {
  for (let i = index - 1; i >= 0; i--) if (diagram.rows[i]?.event) return diagram.rows[i]?.event;
  return undefined;
}

function panel() {
  for (const tab of byId('tabs').children) {
    const chosen = tab.id === `tab-${state.tab}`;
    tab.setAttribute('aria-selected', String(chosen));
    tab.setAttribute('tabindex', chosen ? '0' : '-1');
  }
  const row = diagram.rows[diagram.selected];
  const holder = byId('panel');
  holder.setAttribute('aria-labelledby', `tab-${state.tab}`);
  holder.scrollTop = 0;
  if (state.tab === 'knows')
    holder.replaceChildren(knowledgePanel(view.runs[state.run]?.secrets ?? [], state.seq, view.viewpoint, nameOf, inText));
  else if (state.tab === 'memory') holder.replaceChildren(memoryPanel(events(), state.seq));
  else if (state.tab === 'tpm') holder.replaceChildren(tpmPanel(events(), state.seq));
  else if (row?.event) holder.replaceChildren(eventPanel(row.event, { view, events: events(), bySeq, go, nameOf }));
  else
    holder.replaceChildren(
      el(
        'div',
        { class: 'empty' },
        el('p', {}, `${countOf(row?.gap ?? 0, 'event')} that the ${inText(view.viewpoint)} does not see.`),
        el('p', { class: 'quiet' }, 'Nothing of them is in this view.'),
      ),
    );
}

/** Goes to an event, showing what hides it. @param {number} seq */
function go(seq) {
  let index = diagram.rows.findIndex(({ event }) => event?.q === seq);
  if (index < 0) {
    filter.hidden.clear();
    filter.routine = true;
    state.seq = seq;
    layOut();
    index = diagram.rows.findIndex(({ event }) => event?.q === seq);
  }
  if (index >= 0) select(index);
}

/** @param {number} from @param {1 | -1} by @param {(row: import('./rows.js').Row) => unknown} wanted */
function hop(from, by, wanted) {
  for (let i = from + by; i >= 0 && i < diagram.rows.length; i += by) {
    const row = diagram.rows[i];
    if (row && wanted(row)) return select(i);
  }
  say('no more');
}

/** @param {string} text */
function search(text) {
  state.search = text;
  diagram.matches = findIn(diagram.rows, text, view.bytes);
  byId('found').textContent = text.trim() === '' ? '' : countOf(diagram.matches.size, 'match').replace('matchs', 'matches');
  diagram.draw(true);
}

/** @param {1 | -1} by */
function nextMatch(by) {
  const all = [...diagram.matches];
  const next =
    by > 0 ? (all.find(index => index > diagram.selected) ?? all[0]) : (all.findLast(index => index < diagram.selected) ?? all.at(-1));
  if (next === undefined) return;
  select(next);
  byId('found').textContent = `${all.indexOf(next) + 1} of ${all.length}`;
}

function toggleRoutine() {
  filter.routine = !filter.routine;
  layOut();
}

/** @param {string} text */
const say = text => {
  byId('said').textContent = text;
};

/** @param {string} tab */
function showTab(tab) {
  state.tab = tab;
  panel();
}

/** @param {number} run */
function pickRun(run) {
  state.run = run;
  state.seq = 0;
  layOut();
}

/** @type {Record<string, () => unknown>} */
const keys = {
  ArrowDown: () => select(diagram.selected + 1),
  ArrowRight: () => select(diagram.selected + 1),
  j: () => select(diagram.selected + 1),
  ArrowUp: () => select(diagram.selected - 1),
  ArrowLeft: () => select(diagram.selected - 1),
  PageDown: () => select(diagram.selected + 10),
  PageUp: () => select(diagram.selected - 10),
  Home: () => select(0),
  End: () => select(diagram.rows.length - 1),
  ']': () => hop(diagram.selected, 1, ({ event }) => event?.k === 'step.start'),
  '[': () => hop(diagram.selected, -1, ({ event }) => event?.k === 'step.start'),
  '!': () => hop(diagram.selected, 1, ({ event }) => event && (event.n === 'bad' || event.k === 'adversary')),
  '/': () => inputById('search').focus(),
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

buildControls({ about, diagram, look, showTab, search, select, pickRun });
listenToKeys(keys, nextMatch);
const [, wantedView] = location.hash.match(/view=([\w-]+)/) ?? [];
const [, wantedEvent] = location.hash.match(/event=(\d+)/) ?? [];
void look(about.viewpoints.find(viewpoint => viewpoint === wantedView) ?? about.viewpoints[0] ?? '').then(() => {
  if (wantedEvent) go(Number(wantedEvent));
  byId('diagram').focus({ preventScroll: true });
});
