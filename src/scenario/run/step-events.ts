import type { AnyEvent } from '../../sim/index.ts';

/** What was recorded in the course of each step, also when several run at once: an event belongs to the steps that caused it. */
export class StepEvents {
  /** Per step, by the seq of its step.start. */
  readonly #events = new Map<number, AnyEvent[]>();
  /** The innermost open step of an event. */
  readonly #stepOf = new Map<number, number>();
  /** The step around a step. */
  readonly #around = new Map<number, number>();

  add(event: AnyEvent): void {
    const outer = event.cause === null ? undefined : this.#stepOf.get(event.cause);
    if (event.kind === 'step.start') {
      this.#events.set(event.seq, []);
      this.#stepOf.set(event.seq, event.seq);
      if (outer !== undefined) this.#around.set(event.seq, outer);
      return;
    }
    if (outer === undefined || event.kind === 'step.end') return;
    this.#stepOf.set(event.seq, outer);
    for (let step: number | undefined = outer; step !== undefined; step = this.#around.get(step)) this.#events.get(step)?.push(event);
  }

  /** The events of a step that is over. */
  take(step: number): readonly AnyEvent[] {
    const events = this.#events.get(step) ?? [];
    this.#events.delete(step);
    if (this.#events.size === 0) this.clear();
    return events;
  }

  clear(): void {
    this.#events.clear();
    this.#stepOf.clear();
    this.#around.clear();
  }
}
