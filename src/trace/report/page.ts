import { readFileSync } from 'node:fs';
import type { Trace } from '../stream/reader.ts';
import { LANE_NAMES, LANES } from '../view/lanes.ts';
import { pageKind } from '../view/memory.ts';
import { REPORT_VIEWPOINTS, type Viewpoint } from '../view/viewpoint.ts';
import { blocksOf } from './blocks.ts';
import { linkScripts } from './link.ts';

/** The page's sources lie beside `src` and `dist`: they are the same for both. */
const SOURCES = new URL('../../../report/', import.meta.url);

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
    kinds: Object.fromEntries(GPF_KINDS.map(state => [state, pageKind(state)])),
    runs: runs.map(({ about, ok, events }) => ({
      ...about,
      ...(ok === undefined ? {} : { ok }),
      events: events.length,
      last: events.at(-1)?.seq ?? 0,
    })),
  };
  const title = runs.length === 1 ? (runs[0]?.about.title ?? '') : `${runs.length} scenarios`;
  const blocks = blocksOf(runs, viewpoints).map(
    ({ mask, data }) => `<script type="text/plain" class="block" data-mask="${mask}">${data}</script>`,
  );
  return fill(source('page.html'), {
    TITLE: escapeHtml(title),
    STYLE: source('page.css'),
    ABOUT: JSON.stringify(about).replaceAll('<', '\\u003c'),
    BLOCKS: blocks.join('\n'),
    SCRIPT: linkScripts('main.js', name => source(name)),
  });
}

const GPF_KINDS = ['SECURE', 'PAGEDOUT', 'SHARED', 'PSEUDO_SHARED', 'HV_SHARING', 'HV_SHARED'];

const fill = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(
    /<!--([A-Z]+)-->|\/\*([A-Z]+)\*\//g,
    (mark, a: string | undefined, b: string | undefined) => values[a ?? b ?? ''] ?? mark,
  );

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, char => `&#${char.charCodeAt(0)};`);
