import type { Stateful } from './snapshot.ts';

/** Virtual time in nanoseconds since the machine was switched on. It moves only when somebody advances it. */
export class Clock implements Stateful<bigint> {
  #nowNs = 0n;

  get nowNs(): bigint {
    return this.#nowNs;
  }

  get nowMs(): bigint {
    return this.#nowNs / 1_000_000n;
  }

  advanceNs(ns: bigint | number): void {
    this.#nowNs += BigInt(ns);
  }

  advanceMs(ms: number): void {
    this.advanceNs(Math.round(ms * 1e6));
  }

  snapshot(): bigint {
    return this.#nowNs;
  }

  restore(nowNs: bigint): void {
    this.#nowNs = nowNs;
  }
}
