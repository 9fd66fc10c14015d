import type { AnyEvent } from '../../sim/index.ts';
import { render } from '../event/event-kinds.ts';
import { showTime, sightMark } from '../event/wording.ts';
import type { Paint } from './paint.ts';

export interface ListingOptions {
  /** Only events whose line matches. */
  readonly grep?: RegExp;
  /** With what is routine: single pages, the resource manager's own traffic. */
  readonly verbose?: boolean;
  readonly columns?: number;
  readonly paint: Paint;
}

/** A line for each event: its number, when, who, whether the hypervisor sees bytes, and what. */
export function* listing(events: Iterable<AnyEvent>, { grep, verbose, columns, paint }: ListingOptions): Generator<string> {
  const depths = new Depths();
  for (const event of events) {
    const depth = depths.of(event);
    const { text, tone, routine } = render(event);
    if (routine && !verbose && !grep) continue;
    const head = `${`#${event.seq}`.padStart(6)} ${showTime(event).padStart(11)}  ${event.actor.padEnd(15)} ${sightMark(event)} `;
    if (grep && !grep.test(`#${event.seq} ${event.actor} ${event.kind} ${text}`)) continue;
    const body = '  '.repeat(Math.min(10, depth)) + text;
    const room = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(30, columns - head.length);
    yield paint(head, 'quiet') + paint(body.length > room ? `${body.slice(0, room - 1)}…` : body, tone);
  }
}

/** How deep an event stands below what caused it; a return stands where its call does. */
class Depths {
  readonly #depths = new Map<number, number>();

  of({ seq, cause, kind }: AnyEvent): number {
    const above = cause === null ? -1 : (this.#depths.get(cause) ?? -1);
    const depth = kind.endsWith('.return') ? Math.max(0, above) : above + 1;
    this.#depths.set(seq, depth);
    return depth;
  }
}
