import type { AnyEvent, Secret } from '../sim/index.ts';

/** Runs of this many bytes of a secret count as seen; shorter secrets whole (decisions 16). */
const RUN = 8;

export interface Leak {
  readonly secret: string;
  /** seq of the event of its birth. */
  readonly born: number;
  /** seq of the event at which the hypervisor could see it. */
  readonly event: number;
  /** What the hypervisor saw: `in_buffer`, `r4..r12`. */
  readonly what: string;
  /** First byte of the find in what was seen, and in the secret. */
  readonly offset: number;
  readonly secretOffset: number;
}

interface Seen {
  readonly event: number;
  readonly what: string;
  readonly bytes: Uint8Array;
}

/** Gathers what the hypervisor can see in a run, and looks for secrets in it. Cost is linear in what was seen. */
export class NoLeak {
  readonly #seen: Seen[] = [];

  /** To be told every event. */
  watch(event: AnyEvent): void {
    for (const { what, bytes, seenBy, suppliedBy } of event.sights) {
      // What the hypervisor itself supplied tells it nothing.
      if (!seenBy.includes('hypervisor') || suppliedBy === 'hypervisor' || bytes.length === 0) continue;
      this.#seen.push({ event: event.seq, what, bytes: bytes.slice() });
    }
  }

  /** Every secret that was seen, at its first sight. */
  leaks(secrets: readonly Secret[]): readonly Leak[] {
    const kept = secrets.filter(({ knownBy, bytes }) => !knownBy.includes('hypervisor') && bytes.length > 0);
    const runs = new RunIndex(kept.filter(({ bytes }) => bytes.length >= RUN));
    const short = kept.filter(({ bytes }) => bytes.length < RUN).map(secret => ({ secret, needle: Buffer.from(secret.bytes) }));
    const found = new Map<number, Leak>();
    const note = (seen: Seen, offset: number, secret: Secret, secretOffset: number): void => {
      if (found.has(secret.id)) return;
      found.set(secret.id, { secret: secret.name, born: secret.born, event: seen.event, what: seen.what, offset, secretOffset });
    };
    for (const seen of this.#seen) {
      runs.search(seen.bytes, (offset, secret, secretOffset) => note(seen, offset, secret, secretOffset));
      const hay = Buffer.from(seen.bytes.buffer, seen.bytes.byteOffset, seen.bytes.length);
      for (const { secret, needle } of short) {
        const offset = hay.indexOf(needle);
        if (offset >= 0) note(seen, offset, secret, 0);
      }
    }
    return [...found.values()].sort((a, b) => a.event - b.event);
  }
}

/** Every run of 8 bytes of the secrets, by its first four bytes. */
class RunIndex {
  readonly #byHead = new Map<number, { secret: Secret; offset: number; tail: number }[]>();

  constructor(secrets: readonly Secret[]) {
    for (const secret of secrets) {
      for (let offset = 0; offset + RUN <= secret.bytes.length; offset++) {
        if (isPlain(secret.bytes, offset)) continue;
        const head = word(secret.bytes, offset);
        const entry = { secret, offset, tail: word(secret.bytes, offset + 4) };
        const entries = this.#byHead.get(head);
        if (entries) entries.push(entry);
        else this.#byHead.set(head, [entry]);
      }
    }
  }

  search(bytes: Uint8Array, hit: (offset: number, secret: Secret, secretOffset: number) => void): void {
    if (bytes.length < RUN || this.#byHead.size === 0) return;
    // A window of eight bytes, moved by one byte each turn.
    let head = word(bytes, 0);
    let tail = word(bytes, 4);
    for (let offset = 0; ; offset++) {
      const entries = this.#byHead.get(head);
      if (entries) for (const entry of entries) if (entry.tail === tail) hit(offset, entry.secret, entry.offset);
      const next = bytes[offset + RUN];
      if (next === undefined) return;
      head = ((head << 8) | (tail >>> 24)) >>> 0;
      tail = ((tail << 8) | next) >>> 0;
    }
  }
}

const word = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;

/** A run of one repeated byte is no mark of a secret: padding is full of them. */
const isPlain = (bytes: Uint8Array, at: number): boolean => bytes.subarray(at, at + RUN).every(byte => byte === bytes[at]);

/** `wrapping-key-passwd (born at #12): 8 bytes from byte 0 on were visible to the hypervisor at #90, in_buffer, byte 27`. */
export const showLeak = (leak: Leak): string =>
  `${leak.secret} (born at #${leak.born}): its bytes from ${leak.secretOffset} on were visible to the hypervisor at #${leak.event}, ` +
  `in ${leak.what}, byte ${leak.offset}`;
