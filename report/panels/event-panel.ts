import { count, showMs } from '../../src/trace/event/wording.ts';
import type { PageBytes, PageEvent } from '../../src/trace/report/page-data.ts';
import { isBad } from '../data/event-rows.ts';
import { nameOf } from '../parts/actor-names.ts';
import { el, table } from '../parts/dom.ts';
import { byteInspector } from './byte-inspector.ts';
import { effectOf, explained, link, type Surroundings } from './effect.ts';

const MOST_NOTABLE = 40;

interface Context extends Surroundings {
  readonly bytes: ReadonlyMap<number, PageBytes>;
  /** The events that are seen, by number. */
  readonly bySeq: ReadonlyMap<number, PageEvent>;
}

/** Everything that the viewpoint sees of an event. */
export function eventPanel(event: PageEvent, context: Context): HTMLElement {
  const where = [event.h && `host ${event.h}`, event.l !== undefined && `partition ${event.l}`].filter(Boolean).join(', ');
  const what = `#${event.q} · ${event.k} · ${nameOf(event.a)} · ${showMs(event.t)}${where ? ` · ${where}` : ''}`;
  return el(
    'article',
    { class: 'event' },
    el('h2', { class: isBad(event) ? 'bad' : '' }, event.x),
    el('p', { class: 'quiet' }, what),
    courseOf(event, context),
    effectOf(event, context),
    event.k === 'check' && explained(event),
    event.k === 'step.start' && notableIn(event, context),
    opened(event, context),
    ...(event.s ?? []).map(sight => sightPart(sight, context)),
    values(event),
  );
}

/** What an event happened in the course of, outermost first. */
function courseOf(event: PageEvent, context: Context): HTMLElement | null {
  const chain: PageEvent[] = [];
  for (let cause = event.c; cause !== undefined; ) {
    const found = context.bySeq.get(cause);
    if (!found) break;
    chain.unshift(found);
    cause = found.c;
  }
  if (chain.length === 0) return null;
  const items = chain.map(one => el('li', {}, link(one, context)));
  return el('nav', { 'aria-label': 'In the course of' }, el('ol', { class: 'chain' }, ...items));
}

/** Bytes, and who sees them. */
function sightPart([what, number, seenBy, suppliedBy]: NonNullable<PageEvent['s']>[number], { bytes }: Context): HTMLElement | null {
  const held = bytes.get(number);
  if (!held) return null;
  return el(
    'section',
    { class: 'sight' },
    el('h3', {}, held.i ? held.i.t : what, el('small', {}, ` ${held.i ? `${what}, ` : ''}${count(held.n, 'byte')}`)),
    el(
      'p',
      { class: 'eyes' },
      'seen by ',
      ...seenBy.map(actor => el('span', { class: `chip ${actor}` }, nameOf(actor))),
      suppliedBy && ` supplied by ${nameOf(suppliedBy)}`,
    ),
    byteInspector(held, what),
  );
}

function values({ d, s, k }: PageEvent): HTMLElement | null {
  if (!d) return null;
  const rows = d.map(([name, value]) => el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, value)));
  return el('details', { class: 'data', open: !s?.length && k !== 'step.start' }, el('summary', {}, 'Values'), table(null, rows));
}

/** What is worth looking at in a step. */
function notableIn(step: PageEvent, context: Context): HTMLElement {
  const { events } = context;
  const from = events.indexOf(step) + 1;
  const next = events.findIndex((one, i) => i >= from && one.k === 'step.start');
  const all = events.slice(from, next < 0 ? undefined : next);
  const kinds: readonly string[] = ['secret', 'key', 'state', 'check', 'adversary'];
  const told = all
    .filter(({ k, n, r }) => !r && (kinds.includes(k) || n === 'bad'))
    .slice(0, MOST_NOTABLE)
    .map(one => el('li', { class: isBad(one) ? 'bad' : '' }, link(one, context)));
  const sees = el('p', { class: 'quiet' }, `${count(all.length, 'event')} in this step that this viewpoint sees.`);
  if (told.length === 0) return sees;
  return el('section', { class: 'notable' }, el('h3', {}, 'What matters here'), el('ul', {}, ...told), sees);
}

/** An encrypted parameter, for who knows the keys. */
function opened({ p }: PageEvent, { bytes }: Context): HTMLElement | null {
  const held = p && bytes.get(p[1]);
  if (!p || !held) return null;
  const [name, , steps] = p;
  return el(
    'section',
    { class: 'opened' },
    el('h3', {}, `◆ ${name}, decrypted`, el('small', {}, ' this viewpoint knows the keys')),
    byteInspector(held, 'plaintext'),
    el('dl', {}, ...steps.flatMap(([term, text]) => [el('dt', {}, term), el('dd', {}, text)])),
  );
}
