import { byId } from './dom.js';

/**
 * Keys of the page, wherever the focus is but for what has a use of its own for them.
 * @param {Record<string, () => unknown>} keys @param {(by: 1 | -1) => void} nextMatch
 */
export function listenToKeys(keys, nextMatch) {
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || /** @type {HTMLDialogElement} */ (byId('help')).open) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.id === 'search') {
      if (event.key === 'Enter') nextMatch(event.shiftKey ? -1 : 1);
      else if (event.key === 'Escape' || event.key === 'ArrowDown') byId('diagram').focus();
      else return;
      event.preventDefault();
      return;
    }
    const arrows = event.key.startsWith('Arrow') || event.key.startsWith('Page') || event.key === 'Home' || event.key === 'End';
    // Groups of buttons, lists, the slider and long panels have uses of their own for these keys.
    if (arrows && target.closest('select, [role="radiogroup"], [role="tablist"], #slider')) return;
    if (
      arrows &&
      event.key !== 'ArrowLeft' &&
      event.key !== 'ArrowRight' &&
      target.closest('#panel') &&
      byId('panel').scrollHeight > byId('panel').clientHeight
    )
      return;
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** Arrows move within a group of which one is chosen. @param {HTMLElement} group @param {(chosen: HTMLElement) => unknown} choose */
export function arrowsWithin(group, choose) {
  group.addEventListener('keydown', event => {
    const by = event.key === 'ArrowRight' || event.key === 'ArrowDown' ? 1 : event.key === 'ArrowLeft' || event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0) return;
    const all = /** @type {HTMLElement[]} */ ([...group.children]);
    const next = all[(all.indexOf(/** @type {HTMLElement} */ (event.target)) + by + all.length) % all.length];
    event.preventDefault();
    next?.focus();
    if (next) choose(next);
  });
}
