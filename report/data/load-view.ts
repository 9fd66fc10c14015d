import type { PageAbout, PageBlock, PageBytes, PageEvent, PageSecret } from '../../src/trace/report/page-data.ts';
import type { Viewpoint } from '../../src/trace/view/viewpoint.ts';
import { byId } from '../parts/dom.ts';
import { inflate } from './encodings.ts';

/** The runs as one viewpoint sees them. */
export interface View {
  readonly viewpoint: Viewpoint;
  readonly runs: readonly { readonly events: PageEvent[]; readonly secrets: PageSecret[] }[];
  readonly bytes: Map<number, PageBytes>;
}

/** What the page knows of the runs from any viewpoint. */
export const readAbout = (): PageAbout => JSON.parse(byId('about-data').textContent ?? '') as PageAbout;

/** Unpacks what a viewpoint sees, and nothing else. */
export async function loadView(about: PageAbout, viewpoint: Viewpoint): Promise<View> {
  const bit = 1 << about.viewpoints.indexOf(viewpoint);
  const view: View = { viewpoint, runs: about.runs.map(() => ({ events: [], secrets: [] })), bytes: new Map() };
  for (const block of document.querySelectorAll('script.block')) {
    if ((Number(block.getAttribute('data-mask')) & bit) === 0) continue;
    const held = JSON.parse(await inflate(block.textContent ?? '')) as PageBlock;
    view.runs.forEach((run, i) => {
      for (const event of held.runs[i]?.events ?? []) run.events.push(event);
      run.secrets.push(...(held.runs[i]?.secrets ?? []));
    });
    for (const [number, bytes] of held.bytes) view.bytes.set(number, bytes);
  }
  for (const run of view.runs) {
    run.events.sort((a, b) => a.q - b.q);
    run.secrets.sort((a, b) => a.born - b.born);
  }
  return view;
}
