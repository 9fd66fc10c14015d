import { sameBytes, toHex } from '../../../bytes/index.ts';

/** Shorter byte strings are rather chosen by the caller than made by a TPM. */
const SHORTEST = 16;
/** So many bytes of a recorded blob may have been changed on purpose. */
const MOST_CHANGED = 2;

/** Byte strings that the recorded TPM made, and what ours made in their place: keys, blobs, Names, nonces. */
export class Substitution {
  readonly #byRecorded = new Map<string, { readonly recorded: Uint8Array; readonly actual: Uint8Array }>();

  /** Walks two decoded values of one type and learns where they differ. */
  learn(recorded: unknown, actual: unknown, shortest = SHORTEST): void {
    if (recorded instanceof Uint8Array && actual instanceof Uint8Array) {
      if (recorded.length >= shortest && !sameBytes(recorded, actual)) this.#byRecorded.set(toHex(recorded), { recorded, actual });
    } else if (isRecord(recorded) && isRecord(actual)) {
      for (const key of Object.keys(recorded)) this.learn(recorded[key], actual[key], shortest);
    }
  }

  /** The value with all known byte strings exchanged; corrupted and cut ones become ours, corrupted and cut in the same places. */
  apply<T>(value: T): T {
    if (value instanceof Uint8Array) return this.bytes(value) as T;
    if (Array.isArray(value)) return value.map(item => this.apply(item as unknown)) as T;
    if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.apply(item)])) as T;
    return value;
  }

  bytes(value: Uint8Array): Uint8Array {
    const exact = this.#byRecorded.get(toHex(value));
    if (exact) return exact.actual;
    if (value.length < SHORTEST) return value;
    for (const { recorded, actual } of this.#byRecorded.values()) {
      if (recorded.length === actual.length && recorded.length === value.length) {
        const changed = [...value.keys()].filter(i => value[i] !== recorded[i]);
        if (changed.length <= MOST_CHANGED) return actual.map((byte, i) => byte ^ (recorded[i] ?? 0) ^ (value[i] ?? 0));
      } else if (recorded.length > value.length && sameBytes(recorded.subarray(0, value.length), value)) {
        return actual.slice(0, value.length);
      }
    }
    return value;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
