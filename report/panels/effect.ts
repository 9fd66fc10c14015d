import type { PageEvent } from '../../src/trace/report/page-data.ts';
import { el } from '../parts/dom.ts';

/** What a panel about an event is given: the events that the viewpoint sees, and the way to them. */
export interface Surroundings {
  readonly events: readonly PageEvent[];
  /** Goes to an event. */
  readonly go: (seq: number) => void;
}

/** An act of the adversary and what came of it; a refusal and what led to it. */
export function effectOf(event: PageEvent, around: Surroundings): HTMLElement | null {
  const at = around.events.indexOf(event);
  if (event.k === 'adversary') return outcomeOf(around.events.slice(at + 1), around);
  if (event.k !== 'check' || event.n !== 'bad') return null;
  const act = around.events.slice(0, at).findLast(one => one.k === 'adversary');
  return act ? el('p', { class: 'effect' }, el('b', {}, 'After the adversary’s act '), link(act, around)) : null;
}

/** What came after an act: the check that caught it, or the first call that failed. */
function outcomeOf(later: readonly PageEvent[], around: Surroundings): HTMLElement {
  const caught = later.find(one => one.k === 'check' && one.n === 'bad');
  const end = caught ?? later.find(one => one.n === 'bad' && one.k.endsWith('.return'));
  const text = end ? el('b', {}, caught ? 'Caught by ' : 'Ends in ') : 'No check that this viewpoint sees caught it.';
  return el('div', { class: 'effect' }, el('p', {}, text, end && link(end, around)), caught && explained(caught));
}

/** What a check is for. */
export function explained({ w, d }: PageEvent): HTMLElement | null {
  if (!w) return null;
  const name = d?.find(([field]) => field === 'name')?.[1] ?? 'check';
  return el(
    'section',
    { class: 'why', id: 'why' },
    el('h3', {}, `The check ${name}`),
    el('dl', {}, ...w.flatMap(([term, text]) => [el('dt', {}, term), el('dd', {}, text)])),
  );
}

/** A link to an event. */
export function link(event: PageEvent, { go }: Surroundings): HTMLElement {
  const onclick = (click: Event): void => {
    click.preventDefault();
    go(event.q);
  };
  return el('a', { href: `#event=${event.q}`, onclick }, `#${event.q} ${event.x}`);
}
