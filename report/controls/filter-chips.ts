import type { PageAbout, PageEvent } from '../../src/trace/report/page-data.ts';
import type { Filter } from '../data/event-rows.ts';
import { byId, el } from '../parts/dom.ts';

/** Buttons that show and hide groups of events, and what is routine. */
export function showFilters(groups: PageAbout['groups'], events: readonly PageEvent[], filter: Filter, changed: () => void): void {
  const routine = events.filter(({ r }) => r).length;
  const chip = (name: string, on: boolean, title: string, toggle: () => void): HTMLElement => {
    const onclick = (): void => {
      toggle();
      changed();
    };
    return el('button', { type: 'button', 'aria-pressed': String(on), title, 'data-filter': name, onclick }, name);
  };
  const focused = document.activeElement?.getAttribute('data-filter');
  byId('filters').replaceChildren(
    ...groups.map(([name, title]) =>
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
