import { readFileSync } from 'node:fs';
import type { Trace } from '../stream/reader.ts';
import { LANE_NAMES, LANES } from '../view/lanes.ts';
import { REPORT_VIEWPOINTS, type Viewpoint } from '../view/viewpoint.ts';
import { blocksOf } from './blocks.ts';
import { linkScripts } from './link.ts';

/** The page's sources lie beside `src` and `dist`: they are the same for both. */
const SOURCES = new URL('../../../report/', import.meta.url);

/** In the order in which they apply. */
const STYLES = ['theme.css', 'frame.css', 'diagram.css', 'panel.css', 'foot.css', 'narrow.css', 'print.css'];

export interface ReportOptions {
  /** Only this viewpoint: nothing else is in the file. */
  readonly only?: Viewpoint;
}

/** One HTML file that shows a trace: it needs no network and nothing beside it. */
export function toReport({ header, runs }: Trace, { only }: ReportOptions = {}): string {
  const viewpoints = only ? [only] : REPORT_VIEWPOINTS;
  const source = (name: string): string => readFileSync(new URL(name, SOURCES), 'utf8');
  const about = {
    simulator: header.simulator,
    viewpoints,
    lanes: LANES.map(lane => ({ id: lane, name: LANE_NAMES[lane] })),
    runs: runs.map(({ about, ok, events }) => ({
      ...about,
      ...(ok === undefined ? {} : { ok }),
      events: events.length,
      last: events.at(-1)?.seq ?? 0,
    })),
  };
  const title = runs.length === 1 ? (runs[0]?.about.title ?? '') : `${runs.length} scenarios`;
  const scripts = [
    ...blocksOf(runs, viewpoints).map(({ mask, data }) => script(`type="text/plain" class="block" data-mask="${mask}"`, data)),
    script('type="application/json" id="about-data"', JSON.stringify(about).replaceAll('<', '\\u003c')),
    script('', linkScripts('main.js', source)),
  ];
  return fill(source('page.html'), { TITLE: escapeHtml(title), STYLE: STYLES.map(source).join('\n'), SCRIPTS: scripts.join('\n') });
}

const script = (attributes: string, text: string): string => `<script${attributes && ` ${attributes}`}>${text}</script>`;

const fill = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(/%([A-Z]+)%|\/\*([A-Z]+)\*\//g, (mark, a: string | undefined, b: string | undefined) => values[a ?? b ?? ''] ?? mark);

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, char => `&#${char.charCodeAt(0)};`);
