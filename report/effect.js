import { el } from './dom.js';

/** @typedef {import('./store.js').PageEvent} PageEvent */
/** @typedef {import('./inspector.js').Context} Context */

/** An act of the adversary and what came of it; a refusal and what led to it. @param {PageEvent} event @param {Context} context */
export function effectOf(event, context) {
  const { events } = context;
  const at = events.indexOf(event);
  if (event.k === 'adversary') {
    const later = events.slice(at + 1);
    const caught = later.find(one => one.k === 'check' && one.n === 'bad');
    const end = caught ?? later.find(one => one.n === 'bad' && one.k.endsWith('.return'));
    return el(
      'div',
      { class: 'effect' },
      el(
        'p',
        {},
        end ? el('b', {}, caught ? 'Caught by ' : 'Ends in ') : 'No check that this viewpoint sees caught it.',
        end && link(end, context),
      ),
      caught && explained(caught),
    );
  }
  if (event.k !== 'check' || event.n !== 'bad') return null;
  const act = events.slice(0, at).findLast(one => one.k === 'adversary');
  return act ? el('p', { class: 'effect' }, el('b', {}, 'After the adversary’s act '), link(act, context)) : null;
}

/** What a check is for. @param {PageEvent} event */
export function explained({ w, d }) {
  if (!w) return null;
  const name = d?.find(([field]) => field === 'name')?.[1] ?? 'check';
  return el(
    'section',
    { class: 'why', id: 'why' },
    el('h3', {}, `The check ${name}`),
    el('dl', {}, ...w.flatMap(([term, text]) => [el('dt', {}, term), el('dd', {}, text)])),
  );
}

/** A link to an event. @param {PageEvent} event @param {Context} context */
export function link(event, { go }) {
  /** @param {Event} click */
  const onclick = click => {
    click.preventDefault();
    go(event.q);
  };
  return el('a', { href: `#event=${event.q}`, onclick }, `#${event.q} ${event.x}`);
}
