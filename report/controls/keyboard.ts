import { byId } from '../parts/dom.ts';

/** Keys of the page, wherever the focus is but for what has a use of its own for them. */
export function listenToKeys(keys: Readonly<Record<string, () => unknown>>, nextMatch: (by: 1 | -1) => void): void {
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId('help').hasAttribute('open')) return;
    const { target } = event;
    if (!(target instanceof Element)) return;
    if (target.id === 'search') {
      if (event.key === 'Enter') nextMatch(event.shiftKey ? -1 : 1);
      else if (event.key === 'Escape' || event.key === 'ArrowDown') byId('diagram').focus();
      else return;
      event.preventDefault();
      return;
    }
    if (isMove(event.key) && needsMoves(target, event.key)) return;
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

const isMove = (key: string): boolean => key.startsWith('Arrow') || key.startsWith('Page') || key === 'Home' || key === 'End';

/** Groups of buttons, lists, the slider and long panels have uses of their own for keys that move. */
function needsMoves(target: Element, key: string): boolean {
  if (target.closest('select, [role="radiogroup"], [role="tablist"], #slider')) return true;
  const panel = byId('panel');
  return key !== 'ArrowLeft' && key !== 'ArrowRight' && panel.contains(target) && panel.scrollHeight > panel.clientHeight;
}

/** Arrows move within a group of buttons of which one is chosen. */
export function arrowsWithin(group: HTMLElement, choose: (chosen: HTMLElement) => unknown): void {
  group.addEventListener('keydown', event => {
    const by = event.key === 'ArrowRight' || event.key === 'ArrowDown' ? 1 : event.key === 'ArrowLeft' || event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0) return;
    const all = [...group.querySelectorAll<HTMLElement>(':scope > *')];
    const next = event.target instanceof HTMLElement ? all[(all.indexOf(event.target) + by + all.length) % all.length] : undefined;
    event.preventDefault();
    next?.focus();
    if (next) choose(next);
  });
}
