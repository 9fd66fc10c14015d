import { byId, el, inputById } from './dom.js';
import { openHelp } from './help.js';
import { arrowsWithin } from './keyboard.js';
import { nameOf } from './names.js';
import { turnTheme } from './theme.js';

/** Panels: name, title, key. @type {[string, string, string][]} */
export const TABS = [
  ['event', 'Event', 'b'],
  ['knows', 'Who knows', 'k'],
  ['memory', 'Memory', 'm'],
  ['tpm', 'TPM', 'p'],
];

/**
 * What the controls of the page do.
 * @typedef {{ about: import('./store.js').About, diagram: import('./diagram.js').Diagram, look: (viewpoint: string) => unknown,
 *   showTab: (tab: string) => void, search: (text: string) => void, select: (index: number) => void, pickRun: (run: number) => void }} Page
 */

/** Makes buttons, fields and slider do what they are for. @param {Page} page */
export function buildControls({ about, diagram, look, showTab, search, select, pickRun }) {
  byId('views').replaceChildren(
    ...about.viewpoints.map((viewpoint, i) => {
      const title = `${nameOf(viewpoint)} ( ${i + 1} )`;
      return el(
        'button',
        { type: 'button', role: 'radio', 'data-view': viewpoint, title, onclick: () => look(viewpoint) },
        nameOf(viewpoint),
      );
    }),
  );
  byId('tabs').replaceChildren(
    ...TABS.map(([tab, title, key]) => {
      const attributes = { type: 'button', role: 'tab', id: `tab-${tab}`, 'aria-controls': 'panel', title: `( ${key} )` };
      return el('button', { ...attributes, onclick: () => showTab(tab) }, title);
    }),
  );
  arrowsWithin(byId('views'), chosen => look(chosen.getAttribute('data-view') ?? ''));
  arrowsWithin(byId('tabs'), chosen => showTab(chosen.id.replace('tab-', '')));
  inputById('search').addEventListener('input', () => search(inputById('search').value));
  inputById('slider').addEventListener('input', () => select(Number(inputById('slider').value)));
  /** @type {[string, () => unknown][]} */
  const buttons = [
    ['first', () => select(0)],
    ['previous', () => select(diagram.selected - 1)],
    ['next', () => select(diagram.selected + 1)],
    ['last', () => select(diagram.rows.length - 1)],
    ['zoom-in', () => diagram.zoomBy(1)],
    ['zoom-out', () => diagram.zoomBy(-1)],
    ['theme', turnTheme],
    ['help-button', openHelp],
  ];
  for (const [id, act] of buttons) byId(id).addEventListener('click', act);
  const runs = /** @type {HTMLSelectElement} */ (byId('run'));
  runs.replaceChildren(...about.runs.map(({ title }, i) => el('option', { value: String(i) }, title)));
  runs.hidden = about.runs.length < 2;
  runs.addEventListener('change', () => pickRun(Number(runs.value)));
  // Paper has no window to scroll.
  addEventListener('beforeprint', () => {
    diagram.everything = diagram.rows.length <= 4000;
    diagram.draw(true);
  });
  addEventListener('afterprint', () => {
    diagram.everything = false;
    diagram.draw(true);
  });
}
