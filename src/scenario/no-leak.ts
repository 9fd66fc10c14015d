import type { AnyEvent, Secret } from '../sim/index.ts';
import { type Disguise, disguises } from './disguises.ts';

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
  /** How it was written, if not as it is: `in hexadecimal`, `in base64`, `reversed`. */
  readonly as?: string;
}

interface Seen {
  readonly event: number;
  readonly what: string;
  readonly bytes: Uint8Array;
}

export type NoLeakState = readonly Seen[];

/** Gathers what the hypervisor can see in a run, and looks for secrets in it. Cost is linear in what was seen. */
export class NoLeak {
  #seen: Seen[] = [];

  /** Something that the hypervisor could see. */
  see(event: number, what: string, bytes: Uint8Array): void {
    // A page that is cleared before it is shared, most of all.
    if (!isBlank(bytes)) this.#seen.push({ event, what, bytes: bytes.slice() });
  }

  /** What was seen is never changed: a snapshot is a list of the same. */
  snapshot(): NoLeakState {
    return [...this.#seen];
  }

  restore(state: NoLeakState): void {
    this.#seen = [...state];
  }

  /** To be told every event. */
  watch(event: AnyEvent): void {
    for (const { what, bytes, seenBy, suppliedBy } of event.sights) {
      // What the hypervisor itself supplied tells it nothing.
      if (!seenBy.includes('hypervisor') || suppliedBy === 'hypervisor' || bytes.length === 0) continue;
      this.see(event.seq, what, bytes);
    }
  }

  /** Every secret that was seen, at its first sight. */
  leaks(secrets: readonly Secret[]): readonly Leak[] {
    const kept = secrets.filter(({ knownBy, bytes }) => !knownBy.includes('hypervisor') && bytes.length > 0);
    const runs = new RunIndex(kept.filter(({ bytes }) => bytes.length >= RUN));
    const short = kept.filter(({ bytes }) => bytes.length < RUN).map(secret => ({ secret, needle: Buffer.from(secret.bytes) }));
    const found = new Map<number, Leak>();
    const note = (seen: Seen, offset: number, secret: Secret, secretOffset: number, as?: string): void => {
      if (found.has(secret.id)) return;
      const place = { event: seen.event, what: seen.what, offset, secretOffset };
      found.set(secret.id, { secret: secret.name, born: secret.born, ...place, ...(as === undefined ? {} : { as }) });
    };
    for (const seen of this.#seen) {
      runs.search(seen.bytes, (offset, secret, { as }, at) => note(seen, offset, secret, at, as));
      const hay = Buffer.from(seen.bytes.buffer, seen.bytes.byteOffset, seen.bytes.length);
      for (const { secret, needle } of short) {
        const offset = hay.indexOf(needle);
        if (offset >= 0) note(seen, offset, secret, 0);
      }
    }
    return [...found.values()].sort((a, b) => a.event - b.event);
  }
}

interface Entry {
  readonly secret: Secret;
  readonly disguise: Disguise;
  /** Of the run in the disguised bytes. */
  readonly offset: number;
  readonly tail: number;
}

/** Bits of the filter that most windows do not get through. */
const FILTER_BITS = 16;
const slot = (head: number): number => (head ^ (head >>> 16)) & ((1 << FILTER_BITS) - 1);

/** Every run of the secrets, as they are and in each disguise, by its first four bytes. */
class RunIndex {
  readonly #byHead = new Map<number, Entry[]>();
  readonly #filter = new Uint8Array(1 << FILTER_BITS);

  constructor(secrets: readonly Secret[]) {
    for (const secret of secrets) for (const disguise of disguises(secret.bytes)) this.#add(secret, disguise);
  }

  #add(secret: Secret, disguise: Disguise): void {
    const { bytes, run } = disguise;
    for (let offset = 0; offset + run <= bytes.length; offset++) {
      if (isPlain(bytes, offset)) continue;
      const head = word(bytes, offset);
      const entry = { secret, disguise, offset, tail: word(bytes, offset + 4) };
      const entries = this.#byHead.get(head);
      if (entries) entries.push(entry);
      else this.#byHead.set(head, [entry]);
      this.#filter[slot(head)] = 1;
    }
  }

  search(bytes: Uint8Array, hit: (offset: number, secret: Secret, disguise: Disguise, secretOffset: number) => void): void {
    if (bytes.length < RUN || this.#byHead.size === 0) return;
    // A window of eight bytes, moved by one byte each turn.
    let head = word(bytes, 0);
    let tail = word(bytes, 4);
    for (let offset = 0; ; offset++) {
      if (this.#filter[slot(head)] === 1) {
        for (const { secret, disguise, offset: at, tail: rest } of this.#byHead.get(head) ?? []) {
          if (rest === tail && goesOn(bytes, offset, disguise, at)) hit(offset, secret, disguise, disguise.secretOffset(at));
        }
      }
      const next = bytes[offset + RUN];
      if (next === undefined) return;
      head = ((head << 8) | (tail >>> 24)) >>> 0;
      tail = ((tail << 8) | next) >>> 0;
    }
  }
}

/** Text holds less in a byte: its runs are longer than the window. */
function goesOn(seen: Uint8Array, offset: number, { bytes, run }: Disguise, at: number): boolean {
  for (let i = RUN; i < run; i++) if (seen[offset + i] !== bytes[at + i]) return false;
  return true;
}

const BLANK = Buffer.alloc(1 << 16);
const isBlank = (bytes: Uint8Array): boolean =>
  bytes.length <= BLANK.length && BLANK.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;

const word = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;

/** A run of one repeated byte is no mark of a secret: padding is full of them. */
const isPlain = (bytes: Uint8Array, at: number): boolean => bytes.subarray(at, at + RUN).every(byte => byte === bytes[at]);

/** `wrapping-key-passwd (born at #12): 8 bytes from byte 0 on were visible to the hypervisor at #90, in_buffer, byte 27`. */
export const showLeak = (leak: Leak): string =>
  `${leak.secret} (born at #${leak.born}): its bytes from ${leak.secretOffset} on were visible to the hypervisor` +
  `${leak.as === undefined ? '' : ` ${leak.as}`} at #${leak.event}, in ${leak.what}, byte ${leak.offset}`;
