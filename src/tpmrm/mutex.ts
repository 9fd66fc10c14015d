/**
 * Mutual exclusion, first come first served. Not the scheduler's Lock: a holder here waits for a TPM, never for a turn, so no
 * strand ever finds it taken; those who do are callers without strands, and they queue.
 */
export class Mutex {
  #last: Promise<void> = Promise.resolve();

  async run<T>(body: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let release: () => void = () => {};
    this.#last = new Promise(resolve => {
      release = resolve;
    });
    await before;
    try {
      return await body();
    } finally {
      release();
    }
  }
}
