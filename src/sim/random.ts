import { createCipheriv, createHash } from 'node:crypto';
import type { Stateful } from './snapshot.ts';

const POOL_BYTES = 4096;

export interface RandomState {
  readonly key: Uint8Array;
  /** Bytes handed out so far. */
  readonly position: number;
}

/**
 * The only source of chance: the AES-256-CTR key stream under SHA-256 of a seed. Good randomness, and the same seed gives
 * the same bytes. Each actor draws from a fork of its own, so that one drawing more does not change another's numbers.
 */
export class Random implements Stateful<RandomState> {
  #key: Uint8Array;
  #position = 0;
  #pool = new Uint8Array(0);
  #poolStart = 0;

  constructor(seed: string | number | bigint | Uint8Array) {
    this.#key = createHash('sha256')
      .update(seed instanceof Uint8Array ? seed : `svm-sim seed ${seed}`)
      .digest();
  }

  /** An independent source, a function of this one's seed and the label; it does not use up numbers of this one. */
  fork(label: string): Random {
    return new Random(createHash('sha256').update(this.#key).update(`fork ${label}`).digest());
  }

  bytes(count: number): Uint8Array {
    const out = new Uint8Array(count);
    for (let done = 0; done < count; ) {
      const at = this.#position - this.#poolStart;
      if (at < 0 || at >= this.#pool.length) {
        this.#refill();
        continue;
      }
      const some = this.#pool.subarray(at, at + count - done);
      out.set(some, done);
      done += some.length;
      this.#position += some.length;
    }
    return out;
  }

  /** 64 bits: eight bytes, the first drawn the least significant. */
  word64(): bigint {
    return new DataView(this.bytes(8).buffer).getBigUint64(0, true);
  }

  #refill(): void {
    const block = Math.floor(this.#position / POOL_BYTES);
    const iv = Buffer.alloc(16);
    iv.writeBigUInt64BE(BigInt(block) * BigInt(POOL_BYTES / 16), 8);
    this.#pool = createCipheriv('aes-256-ctr', this.#key, iv).update(new Uint8Array(POOL_BYTES));
    this.#poolStart = block * POOL_BYTES;
  }

  /** A whole number, 0 <= n < below (at most 2^32), without bias. */
  below(below: number): number {
    const limit = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      const [a = 0, b = 0, c = 0, d = 0] = this.bytes(4);
      const value = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
      if (value < limit) return value % below;
    }
  }

  snapshot(): RandomState {
    return { key: this.#key.slice(), position: this.#position };
  }

  restore(state: RandomState): void {
    this.#key = state.key.slice();
    this.#position = state.position;
    this.#pool = new Uint8Array(0);
  }
}
