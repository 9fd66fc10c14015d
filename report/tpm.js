import { el } from './dom.js';

/** @typedef {import('./store.js').PageEvent} PageEvent */

/** @type {[string, string, string][]} */
const TPM_THINGS = [
  ['object', 'Objects', 'keys and data loaded into the TPM'],
  ['session', 'Sessions', 'authorizations under way'],
  ['persistent', 'Persistent objects', 'kept over a reset'],
  ['pcr', 'PCRs', 'extended since the reset; all others hold their first value'],
  ['nv', 'NV indices', ''],
];

/** What the TPMs hold at a moment, as far as the viewpoint can tell. @param {PageEvent[]} events @param {number} now */
export function tpmPanel(events, now) {
  /** @type {Map<string, Map<string, [string, string, number]>>} */
  const hosts = new Map();
  for (const { q, u } of events) {
    if (q > now) break;
    for (const [host, kind, id, text] of u ?? []) {
      const things = hosts.get(host) ?? new Map();
      if (text === null) things.delete(`${kind} ${id}`);
      else things.set(`${kind} ${id}`, [id, text, q]);
      hosts.set(host, things);
    }
  }
  if (hosts.size === 0) return el('div', { class: 'empty' }, el('p', {}, 'Nothing is known of a TPM’s contents so far.'));
  return el('div', { class: 'tpm-state' }, ...[...hosts].map(([host, things]) => hostState(host, things, now)));
}

/** @param {string} host @param {Map<string, [string, string, number]>} things @param {number} now */
function hostState(host, things, now) {
  const parts = TPM_THINGS.flatMap(([kind, title, about]) => {
    const held = [...things].filter(([key]) => key.startsWith(`${kind} `));
    if (held.length === 0) return kind === 'object' || kind === 'session' ? [el('h4', {}, title), el('p', { class: 'quiet' }, 'none')] : [];
    const rows = held.map(([, [id, text, since]]) =>
      el(
        'tr',
        { class: since === now ? 'fresh' : '' },
        el('th', { scope: 'row' }, el('code', {}, id)),
        el('td', {}, text, el('small', {}, ` since #${since}`)),
      ),
    );
    return [el('h4', {}, title, el('small', {}, ` ${about}`)), el('table', {}, el('tbody', {}, ...rows))];
  });
  return el('section', {}, el('h3', {}, `TPM of ${host}`), ...parts);
}
