import type { AnyEvent } from '../../sim/index.ts';
import { recordOf } from './event-kinds.ts';
import { laneOf, type Place, turned } from './lanes.ts';

/** Places events in the diagram, in their order: a return goes back the way of its call. */
export class Placer {
  readonly #calls = new Map<number, Place>();

  place(event: AnyEvent): Place {
    const here = laneOf(event.actor);
    const { way } = recordOf(event);
    if (way === 'back') return this.#back(event.cause) ?? { from: here, to: here };
    const place = way?.(event) ?? { from: here, to: here };
    if (event.kind.endsWith('.call')) this.#calls.set(event.seq, place);
    return place;
  }

  #back(cause: number | null): Place | undefined {
    const call = cause === null ? undefined : this.#calls.get(cause);
    if (cause !== null) this.#calls.delete(cause);
    return call && turned(call);
  }
}
