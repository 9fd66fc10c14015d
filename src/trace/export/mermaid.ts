import type { AnyEvent } from '../../sim/index.ts';
import { render } from '../event/event-kinds.ts';
import { LANE_NAMES, LANES, type Lane } from '../event/lanes.ts';
import { Placer } from '../event/placer.ts';

export interface MermaidOptions {
  /** With what is routine: single pages, the resource manager's own traffic. */
  readonly verbose?: boolean;
}

/** A sequence diagram for documents. Lanes at which nothing happens are left out. */
export function toMermaid(events: readonly AnyEvent[], { verbose }: MermaidOptions = {}): string {
  const placer = new Placer();
  const used = new Set<Lane>();
  const body: string[] = [];
  for (const event of events) {
    const { from, to } = placer.place(event);
    const { text, routine, closes, tone } = render(event);
    if ((routine || event.kind === 'step.end') && !verbose) continue;
    used.add(from).add(to);
    const said = clean(closes ? closes.result : text);
    if (event.kind === 'step.start') body.push(`  Note over ${LANES[0]},${LANES.at(-1)}: ${said}`);
    else if (from === to) body.push(`  Note over ${id(from)}: ${said}`);
    else body.push(`  ${id(from)}${closes ? '-->>' : tone === 'bad' ? '-x' : '->>'}${id(to)}: ${said}`);
  }
  const lanes = LANES.filter(lane => used.has(lane));
  const ends = `${id(lanes[0] ?? 'owner')},${id(lanes.at(-1) ?? 'owner')}`;
  const heads = lanes.map(lane => `  participant ${id(lane)} as ${LANE_NAMES[lane]}`);
  return `${['sequenceDiagram', ...heads, ...body.map(line => line.replace(`${LANES[0]},${LANES.at(-1)}`, ends))].join('\n')}\n`;
}

const id = (lane: Lane): string => lane.replaceAll('-', '_');
/** Mermaid ends a message at a semicolon and reads `#` as the start of a character's number. */
const clean = (text: string): string => text.replaceAll('#', '#35;').replace(/;/g, ',').replace(/\s+/g, ' ').slice(0, 160);
