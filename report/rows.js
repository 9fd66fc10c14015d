/** @typedef {import('./store.js').PageEvent} PageEvent */
/** @typedef {{ event: PageEvent, gap?: undefined } | { gap: number, event?: undefined }} Row */

/** What can be shown or hidden: name, what it covers, and the kinds of events in it. @type {[string, string, string[]][]} */
export const GROUPS = [
  ['Calls', 'hypercalls and ultracalls', ['hcall.call', 'hcall.return', 'ultracall.call', 'ultracall.return']],
  ['TPM', 'TPM commands, and the files they go through', ['tpm.command', 'tpm.response', 'proxy.file', 'tpmrm.space']],
  ['Pages', 'pages that change hands', ['page']],
  ['States', 'states, keys and secrets', ['state', 'key', 'secret', 'note']],
  ['Checks', 'checks and the adversary', ['check', 'adversary']],
];

/** What the diagram leaves out. @typedef {{ hidden: Set<string>, routine: boolean }} Filter */

/** @param {PageEvent} event @param {Filter} filter */
export function passes(event, { hidden, routine }) {
  if (event.r && !routine) return false;
  const group = GROUPS.find(([, , kinds]) => kinds.includes(event.k));
  return !group || !hidden.has(group[0]);
}

/**
 * The rows of the diagram: the events that pass, and where the viewpoint sees nothing, how much it misses.
 * @param {PageEvent[]} events
 * @param {Filter} filter
 * @param {number} last seq of the run's last event
 */
export function rowsOf(events, filter, last) {
  /** @type {Row[]} */
  const rows = [];
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

/** A mark that says without colour what kind of event this is. @param {PageEvent} event */
export function glyphOf({ k, n, x }) {
  if (k === 'adversary') return ''; // its text begins with one
  if (k === 'secret' || k === 'key') return '◆';
  if (k === 'page') return '▤';
  if (k === 'state') return '◉';
  if (k === 'note') return '✎';
  if (n === 'bad' && !x.startsWith('✗')) return '✗';
  return '';
}
