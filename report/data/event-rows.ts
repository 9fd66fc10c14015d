import type { Group } from '../../src/trace/event/kind-record.ts';
import type { PageAbout, PageEvent } from '../../src/trace/report/page-data.ts';

/** A row of the diagram: an event, or how many are not seen. */
export type Row = { readonly event: PageEvent; readonly gap?: undefined } | { readonly gap: number; readonly event?: undefined };

/** What the diagram leaves out. */
export interface Filter {
  readonly hidden: Set<Group>;
  routine: boolean;
}

function passes({ k, r }: PageEvent, { hidden, routine }: Filter, kinds: PageAbout['kinds']): boolean {
  const group = kinds[k]?.group;
  return !(r && !routine) && !(group && hidden.has(group));
}

/** The rows of the diagram: the events that pass, and where the viewpoint sees nothing, how much it misses. `last`: seq of the run's end. */
export function rowsOf(events: readonly PageEvent[], filter: Filter, kinds: PageAbout['kinds'], last: number): Row[] {
  const rows: Row[] = [];
  let gap = 0;
  let before = -1;
  for (const event of events) {
    gap += event.q - before - 1;
    before = event.q;
    if (!passes(event, filter, kinds)) continue;
    if (gap > 0) rows.push({ gap });
    gap = 0;
    rows.push({ event });
  }
  gap += last - before;
  if (gap > 0) rows.push({ gap });
  return rows;
}

/** Whether an event is one to worry about. */
export const isBad = ({ k, n }: PageEvent): boolean => n === 'bad' || k === 'adversary';

/** A mark that says without colour what kind of event this is, or that it is bad, where its text does not. */
export const glyphOf = (event: PageEvent, kinds: PageAbout['kinds']): string =>
  kinds[event.k]?.glyph ?? (isBad(event) && !event.x.startsWith('✗') ? '✗' : '');
