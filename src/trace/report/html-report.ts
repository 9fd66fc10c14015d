import { eventKinds } from '../event/event-kinds.ts';
import { GROUPS } from '../event/kind-record.ts';
import { LANE_NAMES, LANES } from '../event/lanes.ts';
import type { Trace } from '../stream/trace-reader.ts';
import { REPORT_VIEWPOINTS, type Viewpoint } from '../view/viewpoint.ts';
import { builtPage, escapeHtml } from './built-page.ts';
import type { PageAbout } from './page-data.ts';
import { blocksOf } from './view-blocks.ts';

export interface ReportOptions {
  /** Only this viewpoint: nothing else is in the file. */
  readonly only?: Viewpoint;
}

/** One HTML file that shows a trace: it needs no network and nothing beside it. */
export function toReport({ header, runs }: Trace, { only }: ReportOptions = {}): string {
  const viewpoints = only ? [only] : REPORT_VIEWPOINTS;
  const about: PageAbout = {
    simulator: header.simulator,
    viewpoints,
    lanes: LANES.map(lane => ({ id: lane, name: LANE_NAMES[lane] })),
    groups: GROUPS,
    kinds: Object.fromEntries(Object.entries(eventKinds).map(([kind, { group, glyph }]) => [kind, { group, glyph }])),
    runs: runs.map(({ about, ok, events }) => ({
      ...about,
      ...(ok === undefined ? {} : { ok }),
      events: events.length,
      last: events.at(-1)?.seq ?? 0,
    })),
  };
  const title = runs.length === 1 ? (runs[0]?.about.title ?? '') : `${runs.length} scenarios`;
  const data = [
    ...blocksOf(runs, viewpoints).map(({ mask, data }) => script(`type="text/plain" class="block" data-mask="${mask}"`, data)),
    script('type="application/json" id="about-data"', JSON.stringify(about).replaceAll('<', '\\u003c')),
  ];
  return builtPage('report', { TITLE: escapeHtml(title), DATA: data.join('\n') });
}

const script = (attributes: string, text: string): string => `<script ${attributes}>${text}</script>`;
