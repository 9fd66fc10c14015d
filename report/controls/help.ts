import { byId, el, table } from '../parts/dom.ts';

const KEYS: readonly (readonly [string, string])[] = [
  ['↓ ↑  or  → ←', 'next and previous event'],
  ['Page Down, Page Up', 'ten events on or back'],
  ['Home, End', 'first and last event'],
  ['] [', 'next and previous step of the scenario'],
  ['! ', 'next act of the adversary, or refusal'],
  ['/', 'search; Enter finds the next, Shift+Enter the one before, Escape goes back to the events'],
  ['1 … 5', 'point of view'],
  ['b k m p', 'bytes, who knows what, memory, TPM'],
  ['r', 'show or hide what is routine'],
  ['+ −', 'larger and smaller rows'],
  ['t', 'light or dark'],
  ['?', 'this help'],
];

/** Shows what the keys do, and how to read the page. */
export function openHelp(): void {
  const dialog = byId('help');
  if (!(dialog instanceof HTMLDialogElement)) return;
  const close = el('button', { type: 'button', onclick: () => dialog.close() }, 'Close');
  const rows = KEYS.map(([keys, what]) => el('tr', {}, el('th', { scope: 'row' }, el('kbd', {}, keys)), el('td', {}, what)));
  dialog.replaceChildren(
    el('h2', {}, 'How to read this page'),
    el(
      'p',
      {},
      'Each column is an actor, each row an event, time runs downwards. The Ultravisor and the Secure VM stand on one side of the hypervisor, the TPM on the other: whatever goes between them passes through the hypervisor’s hands. ● marks bytes that the hypervisor sees, ○ bytes that it does not.',
    ),
    el(
      'p',
      {},
      'Choose a point of view: what that actor cannot see or decrypt is then absent from the page, not hidden. “Who knows” tells who holds which secret at the moment that is selected.',
    ),
    table(null, rows),
    el('p', { class: 'quiet' }, 'svm-sim is a simulation: it runs no real VM and protects nothing.'),
    close,
  );
  dialog.showModal();
  close.focus();
}
