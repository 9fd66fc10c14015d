import { byId, el } from './dom.js';
import { GROUPS } from './rows.js';

/**
 * Buttons that show and hide groups of events, and what is routine.
 * @param {import('./store.js').PageEvent[]} events
 * @param {import('./rows.js').Filter} filter
 * @param {() => void} changed
 */
export function showFilters(events, filter, changed) {
  const routine = events.filter(({ r }) => r).length;
  /** @param {string} name @param {boolean} on @param {string} title @param {() => void} toggle */
  const chip = (name, on, title, toggle) => {
    const onclick = () => {
      toggle();
      changed();
    };
    return el('button', { type: 'button', 'aria-pressed': String(on), title, 'data-filter': name, onclick }, name);
  };
  const focused = document.activeElement?.getAttribute('data-filter');
  byId('filters').replaceChildren(
    ...GROUPS.map(([name, title]) =>
      chip(name, !filter.hidden.has(name), title, () => {
        if (!filter.hidden.delete(name)) filter.hidden.add(name);
      }),
    ),
    chip(`Routine ${routine}`, filter.routine, 'single pages and their calls, files, the resource manager’s own traffic ( r )', () => {
      filter.routine = !filter.routine;
    }),
  );
  for (const button of byId('filters').children) if (button instanceof HTMLElement && button.dataset.filter === focused) button.focus();
}
