import type { Clock } from './clock.ts';
import type { EventBus } from './events.ts';
import type { Random, RandomState } from './random.ts';
import type { Stateful } from './snapshot.ts';

interface Strand {
  readonly name: string;
  wakeNs: bigint;
  causes: number[];
  resume: () => void;
}

/**
 * Runs strands (a guest's vCPU, a parallel block) one at a time. A strand keeps the baton until it calls `turn`; who is next
 * follows from virtual time, then from the seed, never from the event loop.
 */
export class Scheduler implements Stateful<RandomState> {
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #random: Random;
  #waiting: Strand[] = [];
  #running: Strand | null = null;

  constructor(clock: Clock, bus: EventBus, random: Random) {
    this.#clock = clock;
    this.#bus = bus;
    this.#random = random;
  }

  /** Gives the others a chance; comes back when it is this strand's turn again, `afterNs` of virtual time later at the least. */
  async turn(afterNs: bigint | number = 0): Promise<void> {
    const strand = this.#running;
    if (!strand) {
      this.#clock.advanceNs(afterNs);
      return;
    }
    strand.wakeNs = this.#clock.nowNs + BigInt(afterNs);
    strand.causes = this.#bus.exchangeCauses([]);
    await new Promise<void>(resolve => {
      strand.resume = resolve;
      this.#waiting.push(strand);
      this.#next();
    });
  }

  /** Runs the strands to their ends; results in the order given. The first failure is thrown after all have ended. */
  async run<T>(strands: readonly { readonly name: string; readonly body: () => Promise<T> }[]): Promise<T[]> {
    const outer = this.#running;
    const outerCauses = this.#bus.exchangeCauses([]);
    this.#bus.exchangeCauses(outerCauses);
    const runs = strands.map(
      ({ name, body }) =>
        new Promise<T>((resolve, reject) => {
          const strand: Strand = {
            name,
            wakeNs: this.#clock.nowNs,
            causes: [...outerCauses],
            resume: () => {
              body()
                .then(resolve, reject)
                .finally(() => {
                  this.#bus.exchangeCauses([]);
                  this.#next();
                });
            },
          };
          this.#waiting.push(strand);
        }),
    );
    if (strands.length > 0) this.#next();
    const results = await Promise.allSettled(runs);
    if (outer) {
      // The strand that asked for the group queues up again: another may have been given the baton meanwhile.
      await new Promise<void>(resolve => {
        Object.assign(outer, { wakeNs: this.#clock.nowNs, causes: outerCauses, resume: resolve });
        this.#waiting.push(outer);
        if (!this.#running) this.#next();
      });
    } else {
      this.#bus.exchangeCauses(outerCauses);
    }
    return results.map(result => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  /** Between steps no strand is alive: what is left is the source of its choices. */
  snapshot(): RandomState {
    return this.#random.snapshot();
  }

  restore(state: RandomState): void {
    this.#random.restore(state);
  }

  #next(): void {
    this.#running = null;
    if (this.#waiting.length === 0) return;
    const earliest = this.#waiting.reduce((least, { wakeNs }) => (wakeNs < least ? wakeNs : least), this.#waiting[0]?.wakeNs ?? 0n);
    const ready = this.#waiting.filter(({ wakeNs }) => wakeNs === earliest);
    const chosen = ready[ready.length === 1 ? 0 : this.#random.below(ready.length)];
    if (!chosen) return;
    this.#waiting.splice(this.#waiting.indexOf(chosen), 1);
    if (earliest > this.#clock.nowNs) this.#clock.advanceNs(earliest - this.#clock.nowNs);
    this.#running = chosen;
    this.#bus.exchangeCauses(chosen.causes);
    chosen.resume();
  }
}

/** Mutual exclusion between strands, first come first served. A holder may take several turns. */
export class Lock {
  #held = false;
  #nextTicket = 0;
  #serving = 0;
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get held(): boolean {
    return this.#held;
  }

  async with<T>(body: () => Promise<T>): Promise<T> {
    const ticket = this.#nextTicket++;
    // A waiting strand looks again a microsecond of virtual time later; the tickets keep the order.
    while (this.#held || this.#serving !== ticket) await this.#scheduler.turn(1_000);
    this.#held = true;
    try {
      return await body();
    } finally {
      this.#held = false;
      this.#serving++;
    }
  }
}
