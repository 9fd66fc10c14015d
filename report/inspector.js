import { byteInspector } from './bytes.js';
import { countOf, el, showMs } from './dom.js';
import { effectOf, explained, link } from './effect.js';

/** @typedef {import('./store.js').PageEvent} PageEvent */
/** @typedef {{ view: import('./store.js').View, events: PageEvent[], bySeq: Map<number, PageEvent>, go: (seq: number) => void, nameOf: (actor: string) => string }} Context */

/** Everything that the viewpoint sees of an event. @param {PageEvent} event @param {Context} context */
export function eventPanel(event, context) {
  const { view, bySeq } = context;
  /** @type {PageEvent[]} */
  const chain = [];
  for (let cause = event.c; cause !== undefined; ) {
    const found = bySeq.get(cause);
    if (!found) break;
    chain.unshift(found);
    cause = found.c;
  }
  const where = [event.h && `host ${event.h}`, event.l !== undefined && `partition ${event.l}`].filter(Boolean).join(', ');
  const bad = event.n === 'bad' || event.k === 'adversary';
  return el(
    'article',
    { class: 'event' },
    el('h2', { class: bad ? 'bad' : '' }, event.x),
    el('p', { class: 'quiet' }, `#${event.q} · ${event.k} · ${context.nameOf(event.a)} · ${showMs(event.t)}${where ? ` · ${where}` : ''}`),
    chain.length > 0 &&
      el('nav', { 'aria-label': 'In the course of' }, el('ol', { class: 'chain' }, ...chain.map(one => el('li', {}, link(one, context))))),
    effectOf(event, context),
    event.k === 'check' && explained(event),
    event.k === 'step.start' && notableIn(event, context),
    opened(event, context),
    ...(event.s ?? []).map(([what, number, seenBy, suppliedBy]) => {
      const held = view.bytes.get(number);
      if (!held) return null;
      const title = held.i ? held.i.t : what;
      return el(
        'section',
        { class: 'sight' },
        el('h3', {}, title, el('small', {}, ` ${held.i ? `${what}, ` : ''}${countOf(held.n, 'byte')}`)),
        el(
          'p',
          { class: 'eyes' },
          'seen by ',
          ...seenBy.map(actor => el('span', { class: `chip ${actor}` }, context.nameOf(actor))),
          suppliedBy && ` supplied by ${context.nameOf(suppliedBy)}`,
        ),
        byteInspector(held, what),
      );
    }),
    event.d &&
      el(
        'details',
        { class: 'data', open: !event.s?.length && event.k !== 'step.start' },
        el('summary', {}, 'Values'),
        el(
          'table',
          {},
          el('tbody', {}, ...event.d.map(([name, value]) => el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, value)))),
        ),
      ),
  );
}

/** What is worth looking at in a step. @param {PageEvent} step @param {Context} context */
function notableIn(step, context) {
  const { events } = context;
  const from = events.indexOf(step) + 1;
  const next = events.findIndex((one, i) => i >= from && one.k === 'step.start');
  const all = events.slice(from, next < 0 ? undefined : next);
  const kinds = ['secret', 'key', 'state', 'check', 'adversary'];
  const notable = all.filter(({ k, n, r }) => !r && (kinds.includes(k) || n === 'bad'));
  const told = notable
    .slice(0, 40)
    .map(one => el('li', { class: one.n === 'bad' || one.k === 'adversary' ? 'bad' : '' }, link(one, context)));
  const sees = `${countOf(all.length, 'event')} in this step that this viewpoint sees`;
  if (told.length === 0) return el('p', { class: 'quiet' }, `${sees}.`);
  return el(
    'section',
    { class: 'notable' },
    el('h3', {}, 'What matters here'),
    el('ul', {}, ...told),
    el('p', { class: 'quiet' }, `${sees}.`),
  );
}

/** An encrypted parameter, for who knows the keys. @param {PageEvent} event @param {Context} context */
function opened({ p }, { view }) {
  const held = p && view.bytes.get(p[1]);
  if (!p || !held) return null;
  return el(
    'section',
    { class: 'opened' },
    el('h3', {}, `◆ ${p[0]}, decrypted`, el('small', {}, ' this viewpoint knows the keys')),
    byteInspector(held, 'plaintext'),
    el('dl', {}, ...p[2].flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])),
  );
}
