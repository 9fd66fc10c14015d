import type { Actor } from '../../src/sim/index.ts';
import type { PageSecret } from '../../src/trace/report/page-data.ts';
import { partyOf } from '../../src/trace/view/one-party.ts';
import type { Viewpoint } from '../../src/trace/view/viewpoint.ts';
import { inText, nameOf } from '../parts/actor-names.ts';
import { el, forReaders, table } from '../parts/dom.ts';

const COLUMNS = ['owner', 'svm', 'ultravisor', 'hypervisor', 'firmware', 'tpm'] as const satisfies readonly Actor[];

/** Who knows what at a moment. */
export function knowledgePanel(secrets: readonly PageSecret[], now: number, viewpoint: Viewpoint): HTMLElement {
  if (secrets.length === 0) {
    const text = viewpoint === 'omniscient' ? 'No secret was born in this run.' : `The ${inText(viewpoint)} knows no secret of this run.`;
    return el('div', { class: 'empty' }, el('p', {}, text), el('p', { class: 'quiet' }, 'Another point of view may know some.'));
  }
  const rows = secrets.map(secret =>
    el(
      'tr',
      { class: secret.born > now ? 'unborn' : '' },
      el('th', { scope: 'row' }, secret.name, el('small', {}, ` ${secret.bytes} bytes, born at #${secret.born}`)),
      ...COLUMNS.map(column => cell(secret, column, now)),
    ),
  );
  const head = el(
    'tr',
    {},
    el('th', { scope: 'col' }, 'Secret'),
    ...COLUMNS.map(column => el('th', { scope: 'col', class: column }, el('span', {}, nameOf(column)))),
  );
  return el(
    'div',
    { class: 'knowledge' },
    table(head, rows, el('caption', {}, `Who knows what after event #${now}`)),
    el('p', { class: 'legend' }, '● knows it  · does not  ✗ learned it and should not have'),
  );
}

function cell(secret: PageSecret, column: Actor, now: number): HTMLElement {
  const actors = partyOf(column);
  const since = Math.min(...actors.map(actor => secret.since[actor] ?? Number.POSITIVE_INFINITY));
  if (since > now) return el('td', {}, el('span', { 'aria-hidden': 'true' }, '·'), forReaders('does not know it'));
  const leaked = actors.some(actor => secret.leaked.includes(actor));
  const text = leaked ? `learned it at #${since}` : `knows it since #${since}`;
  return el(
    'td',
    { class: leaked ? 'leaked' : 'knows', title: text },
    el('span', { 'aria-hidden': 'true' }, leaked ? '✗' : '●'),
    forReaders(text),
  );
}
