import { el, forReaders } from './dom.js';

/** @typedef {import('./store.js').PageSecret} PageSecret */

const COLUMNS = ['owner', 'svm', 'ultravisor', 'hypervisor', 'firmware', 'tpm'];
/** QEMU's proxy and the kernel's resource manager are the hypervisor's. @type {Record<string, string[]>} */
const EYES = { svm: ['svm', 'guest'], hypervisor: ['hypervisor', 'spapr-tpm-proxy', 'tpmrm'] };

/**
 * Who knows what at a moment.
 * @param {PageSecret[]} secrets @param {number} now @param {string} viewpoint @param {(actor: string) => string} nameOf @param {(actor: string) => string} inText
 */
export function knowledgePanel(secrets, now, viewpoint, nameOf, inText) {
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
  return el(
    'div',
    { class: 'knowledge' },
    el(
      'table',
      {},
      el('caption', {}, `Who knows what after event #${now}`),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          el('th', { scope: 'col' }, 'Secret'),
          ...COLUMNS.map(column => el('th', { scope: 'col', class: column }, el('span', {}, nameOf(column)))),
        ),
      ),
      el('tbody', {}, ...rows),
    ),
    el('p', { class: 'legend' }, '● knows it  · does not  ✗ learned it and should not have'),
  );
}

/** @param {PageSecret} secret @param {string} column @param {number} now */
function cell(secret, column, now) {
  const actors = EYES[column] ?? [column];
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
