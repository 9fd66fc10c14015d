import type { PageAbout } from '../../src/trace/report/page-data.ts';
import type { Viewpoint } from '../../src/trace/view/viewpoint.ts';
import type { SequenceDiagram } from '../diagram/sequence-diagram.ts';
import { nameOf } from '../parts/actor-names.ts';
import { byId, el, theInput } from '../parts/dom.ts';
import { openHelp } from './help.ts';
import { arrowsWithin } from './keyboard.ts';
import { turnTheme } from './theme.ts';

/** Panels: name, title, key. */
export const TABS = [
  ['event', 'Event', 'b'],
  ['knows', 'Who knows', 'k'],
  ['memory', 'Memory', 'm'],
  ['tpm', 'TPM', 'p'],
] as const;
export type Tab = (typeof TABS)[number][0];

/** What the controls of the page do. */
export interface Actions {
  readonly look: (viewpoint: Viewpoint) => unknown;
  readonly showTab: (tab: Tab) => void;
  readonly search: (text: string) => void;
  readonly select: (index: number) => void;
  readonly pickRun: (run: number) => void;
}

/** Paper has no window to scroll; of longer runs it gets what is in the window. */
const MOST_ROWS_ON_PAPER = 4000;

/** Makes buttons, fields and slider do what they are for. */
export function buildControls(about: PageAbout, diagram: SequenceDiagram, { look, showTab, search, select, pickRun }: Actions): void {
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
  arrowsWithin(byId('views'), chosen => chosen.click());
  arrowsWithin(byId('tabs'), chosen => chosen.click());
  const [field, slider] = [theInput('search'), theInput('slider')];
  field.addEventListener('input', () => search(field.value));
  slider.addEventListener('input', () => select(Number(slider.value)));
  const buttons: readonly (readonly [string, () => void])[] = [
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
  const runs = byId('run');
  runs.replaceChildren(...about.runs.map(({ title }, i) => el('option', { value: String(i) }, title)));
  runs.hidden = about.runs.length < 2;
  runs.addEventListener('change', () => {
    if (runs instanceof HTMLSelectElement) pickRun(Number(runs.value));
  });
  addEventListener('beforeprint', () => {
    diagram.everything = diagram.rows.length <= MOST_ROWS_ON_PAPER;
    diagram.draw(true);
  });
  addEventListener('afterprint', () => {
    diagram.everything = false;
    diagram.draw(true);
  });
}
