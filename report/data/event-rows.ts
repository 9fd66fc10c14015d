import type { EventKind } from '../../src/sim/index.ts';
import type { PageEvent } from '../../src/trace/report/page-data.ts';

/** A row of the diagram: an event, or how many are not seen. */
export type Row = { readonly event: PageEvent; readonly gap?: undefined } | { readonly gap: number; readonly event?: undefined };

/** What can be shown or hidden: name, what it covers, and the kinds of events in it. */
export const GROUPS: readonly (readonly [string, string, readonly EventKind[]])[] = [
  ['Calls', 'hypercalls and ultracalls', ['hcall.call', 'hcall.return', 'ultracall.call', 'ultracall.return']],
  ['TPM', 'TPM commands, and the files they go through', ['tpm.command', 'tpm.response', 'proxy.file', 'tpmrm.space']],
  ['Pages', 'pages that change hands', ['page']],
  ['States', 'states, keys and secrets', ['state', 'key', 'secret', 'note']],
  ['Checks', 'checks and the adversary', ['check', 'adversary']],
];

/** What the diagram leaves out. */
export interface Filter {
  readonly hidden: Set<string>;
  routine: boolean;
}

function passes(event: PageEvent, { hidden, routine }: Filter): boolean {
  if (event.r && !routine) return false;
  const group = GROUPS.find(([, , kinds]) => kinds.includes(event.k));
  return !group || !hidden.has(group[0]);
}

/** The rows of the diagram: the events that pass, and where the viewpoint sees nothing, how much it misses. `last`: seq of the run's end. */
export function rowsOf(events: readonly PageEvent[], filter: Filter, last: number): Row[] {
  const rows: Row[] = [];
  let gap = 0;
  let before = -1;
  for (const event of events) {
    gap += event.q - before - 1;
    before = event.q;
    if (!passes(event, filter)) continue;
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

/** A mark that says without colour what kind of event this is. */
export function glyphOf({ k, n, x }: PageEvent): string {
  if (k === 'adversary') return ''; // its text begins with one
  if (k === 'secret' || k === 'key') return '◆';
  if (k === 'page') return '▤';
  if (k === 'state') return '◉';
  if (k === 'note') return '✎';
  if (n === 'bad' && !x.startsWith('✗')) return '✗';
  return '';
}
