import type { PageEvent } from '../../src/trace/report/page-data.ts';
import type { TpmThing } from '../../src/trace/view/tpm-state.ts';
import { el, table } from '../parts/dom.ts';

/** Title and what is in it; whether it is said that there is none. */
const THINGS: Readonly<Record<TpmThing, { readonly title: string; readonly about: string; readonly none?: boolean }>> = {
  object: { title: 'Objects', about: 'keys and data loaded into the TPM', none: true },
  session: { title: 'Sessions', about: 'authorizations under way', none: true },
  persistent: { title: 'Persistent objects', about: 'kept over a reset' },
  pcr: { title: 'PCRs', about: 'extended since the reset; all others hold their first value' },
  nv: { title: 'NV indices', about: '' },
};

/** By kind and handle. */
type Things = Map<string, { readonly kind: TpmThing; readonly id: string; readonly text: string; readonly since: number }>;

/** What the TPMs hold at a moment, as far as the viewpoint can tell. */
export function tpmPanel(events: readonly PageEvent[], now: number): HTMLElement {
  const hosts = new Map<string, Things>();
  for (const { q, u } of events) {
    if (q > now) break;
    for (const [host, kind, id, text] of u ?? []) {
      const things: Things = hosts.get(host) ?? new Map();
      if (text === null) things.delete(`${kind} ${id}`);
      else things.set(`${kind} ${id}`, { kind, id, text, since: q });
      hosts.set(host, things);
    }
  }
  if (hosts.size === 0) return el('div', { class: 'empty' }, el('p', {}, 'Nothing is known of a TPM’s contents so far.'));
  return el('div', { class: 'tpm-state' }, ...[...hosts].map(([host, things]) => hostState(host, things, now)));
}

function hostState(host: string, things: Things, now: number): HTMLElement {
  const parts = Object.entries(THINGS).flatMap(([wanted, { title, about, none }]) => {
    const held = [...things.values()].filter(({ kind }) => kind === wanted);
    if (held.length === 0) return none ? [el('h4', {}, title), el('p', { class: 'quiet' }, 'none')] : [];
    const rows = held.map(({ id, text, since }) =>
      el(
        'tr',
        { class: since === now ? 'fresh' : '' },
        el('th', { scope: 'row' }, el('code', {}, id)),
        el('td', {}, text, el('small', {}, ` since #${since}`)),
      ),
    );
    return [el('h4', {}, title, el('small', {}, ` ${about}`)), table(null, rows)];
  });
  return el('section', {}, el('h3', {}, `TPM of ${host}`), ...parts);
}
