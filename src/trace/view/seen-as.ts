import type { Actor, AnyEvent } from '../../sim/index.ts';
import { recordOf } from '../event/event-kinds.ts';
import { ownTraffic } from './own-traffic.ts';
import { eyesOf, type Viewpoint } from './viewpoint.ts';

/** Reads events, in their order, as one viewpoint sees them. */
export class Seer {
  readonly viewpoint: Viewpoint;
  readonly #eyes: ReadonlySet<Actor>;
  readonly #calls = new Map<number, AnyEvent>();

  readonly #own: ReadonlyMap<number, AnyEvent>;

  /** `events`: all that will be shown. */
  constructor(viewpoint: Viewpoint, events: readonly AnyEvent[]) {
    this.viewpoint = viewpoint;
    this.#eyes = eyesOf(viewpoint);
    this.#own = ownTraffic(events);
  }

  /** The event as it is seen: without what cannot be seen of it. Null when nothing of it can. Every event must be shown, in order. */
  see(event: AnyEvent): AnyEvent | null {
    if (event.kind === 'hcall.call' || event.kind === 'ultracall.call') this.#calls.set(event.seq, event);
    if (this.viewpoint === 'omniscient') return event;
    const own = this.#own.get(event.seq);
    if (own && this.#eyes.has(own.actor)) return own;
    const witnesses = recordOf(event).witnesses(event, seq => (seq === null ? undefined : this.#calls.get(seq)));
    if (event.kind.endsWith('.return') && event.cause !== null) this.#calls.delete(event.cause);
    const sights = event.sights.filter(({ seenBy }) => this.#any(seenBy));
    if (sights.length === 0 && !this.#any(witnesses)) return null;
    return { ...event, sights, data: this.#dataOf(event) } as AnyEvent;
  }

  #any(actors: Iterable<Actor>): boolean {
    for (const actor of actors) if (this.#eyes.has(actor)) return true;
    return false;
  }

  #dataOf(event: AnyEvent): AnyEvent['data'] {
    if (this.#eyes.has(event.actor)) return event.data;
    if (event.kind === 'page') {
      // A digest of what the hypervisor cannot read would let it test guesses.
      const { digest: _, ...rest } = event.data;
      return rest;
    }
    // Reasons are those of whoever decided.
    if (event.kind === 'state' && !this.#eyes.has('ultravisor')) return { ...event.data, why: '' };
    return event.data;
  }
}

/** All events that a viewpoint sees, as it sees them. */
export function seenAs(events: readonly AnyEvent[], viewpoint: Viewpoint): readonly AnyEvent[] {
  const seer = new Seer(viewpoint, events);
  return events.flatMap(event => seer.see(event) ?? []);
}
