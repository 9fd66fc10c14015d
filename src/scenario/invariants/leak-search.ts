import type { AnyEvent, Secret } from '../../sim/index.ts';
import { type Disguise, disguises } from './disguises.ts';

/** Runs of this many bytes of a secret count as seen; shorter secrets whole (docs/reference/decisions.md#what-counts-as-leaked). */
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

export interface NoLeakState {
  readonly seen: readonly Seen[];
  /** So many of what was seen, and of the secrets, have been compared with each other. */
  readonly searched: number;
  readonly secrets: readonly Secret[];
  readonly found: ReadonlyMap<number, Leak>;
}

/** Gathers what the hypervisor can see in a run, and looks for secrets in it: no byte is searched twice for the same secret. */
export class NoLeak {
  #seen: Seen[] = [];
  #searched = 0;
  #secrets: readonly Secret[] = [];
  #found = new Map<number, Leak>();
  #index = new SecretIndex([]);

  /** Something that the hypervisor could see. */
  see(event: number, what: string, bytes: Uint8Array): void {
    // A page that is cleared before it is shared, most of all.
    if (!isBlank(bytes)) this.#seen.push({ event, what, bytes: bytes.slice() });
  }

  /** What was seen is never changed: a snapshot is a list of the same. */
  snapshot(): NoLeakState {
    return { seen: [...this.#seen], searched: this.#searched, secrets: this.#secrets, found: new Map(this.#found) };
  }

  restore({ seen, searched, secrets, found }: NoLeakState): void {
    this.#seen = [...seen];
    this.#searched = searched;
    this.#secrets = secrets;
    this.#found = new Map(found);
    this.#index = new SecretIndex(secrets);
  }

  /** To be told every event. */
  watch(event: AnyEvent): void {
    for (const { what, bytes, seenBy, suppliedBy } of event.sights) {
      // What the hypervisor itself supplied tells it nothing.
      if (!seenBy.includes('hypervisor') || suppliedBy === 'hypervisor' || bytes.length === 0) continue;
      this.see(event.seq, what, bytes);
    }
  }

  /** Every secret that was seen, at its first sight. Secrets are only ever added to those of the time before. */
  leaks(secrets: readonly Secret[]): readonly Leak[] {
    const born = secrets.slice(this.#secrets.length);
    const before = this.#seen.slice(0, this.#searched);
    if (born.length > 0 && before.length > 0) this.#search(before, new SecretIndex(born));
    if (born.length > 0) this.#index.add(born);
    if (this.#searched < this.#seen.length) this.#search(this.#seen.slice(this.#searched), this.#index);
    this.#searched = this.#seen.length;
    this.#secrets = [...secrets];
    return [...this.#found.values()].sort((a, b) => a.event - b.event);
  }

  #search(all: readonly Seen[], index: SecretIndex): void {
    for (const seen of all) {
      index.search(seen.bytes, (offset, secret, secretOffset, as) => {
        if (this.#found.has(secret.id)) return;
        const place = { event: seen.event, what: seen.what, offset, secretOffset };
        this.#found.set(secret.id, { secret: secret.name, born: secret.born, ...place, ...(as === undefined ? {} : { as }) });
      });
    }
  }
}

type Hit = (offset: number, secret: Secret, secretOffset: number, as?: string) => void;

/** Secrets that the hypervisor must not know, ready to be looked for: long ones by their runs, short ones as a whole. */
class SecretIndex {
  readonly #runs = new RunIndex();
  readonly #short: { readonly secret: Secret; readonly needle: Buffer }[] = [];

  constructor(secrets: readonly Secret[]) {
    this.add(secrets);
  }

  add(secrets: readonly Secret[]): void {
    for (const secret of secrets) {
      const { knownBy, bytes } = secret;
      if (knownBy.includes('hypervisor') || bytes.length === 0) continue;
      if (bytes.length < RUN) this.#short.push({ secret, needle: Buffer.from(bytes) });
      else for (const disguise of disguises(bytes)) this.#runs.add(secret, disguise);
    }
  }

  search(bytes: Uint8Array, hit: Hit): void {
    this.#runs.search(bytes, (offset, secret, { as }, at) => hit(offset, secret, at, as));
    const hay = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const { secret, needle } of this.#short) {
      const offset = hay.indexOf(needle);
      if (offset >= 0) hit(offset, secret, 0);
    }
  }
}

interface Entry {
  readonly secret: Secret;
  readonly disguise: Disguise;
  /** Of the run in the disguised bytes. */
  readonly offset: number;
  readonly tail: number;
}

const WORD = 4;
/** Bits of the filter that most words do not get through. */
const FILTER_BITS = 18;
const slot = (head: number): number => (head ^ (head >>> 14)) & ((1 << FILTER_BITS) - 1);

/** Every run of the secrets, as they are and in each disguise, by its first four bytes. */
class RunIndex {
  readonly #byHead = new Map<number, Entry[]>();
  readonly #filter = new Uint8Array(1 << FILTER_BITS);

  add(secret: Secret, disguise: Disguise): void {
    const { bytes, run } = disguise;
    for (let offset = 0; offset + run <= bytes.length; offset++) {
      if (isPlain(bytes, offset)) continue;
      const head = word(bytes, offset);
      const entry = { secret, disguise, offset, tail: word(bytes, offset + 4) };
      const entries = this.#byHead.get(head);
      if (entries) entries.push(entry);
      else this.#byHead.set(head, [entry]);
      for (let i = 0; i <= WORD; i++) this.#filter[slot(word(bytes, offset + i))] = 1;
    }
  }

  /**
   * Every window of eight bytes holds a whole word of four bytes at a multiple of four: only these are looked at, until one is a word of
   * a secret.
   */
  search(bytes: Uint8Array, hit: (offset: number, secret: Secret, disguise: Disguise, secretOffset: number) => void): void {
    if (bytes.length < RUN || this.#byHead.size === 0) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const last = bytes.length - RUN;
    const filter = this.#filter;
    for (let at = 0; at + WORD <= bytes.length; at += WORD) {
      if (filter[slot(view.getUint32(at))] === 0) continue;
      for (let offset = Math.max(0, at - WORD + 1); offset <= at && offset <= last; offset++) this.#at(bytes, view, offset, hit);
    }
  }

  #at(bytes: Uint8Array, view: DataView, offset: number, hit: (o: number, s: Secret, d: Disguise, so: number) => void): void {
    const entries = this.#byHead.get(view.getUint32(offset));
    if (!entries) return;
    const tail = view.getUint32(offset + WORD);
    for (const { secret, disguise, offset: from, tail: rest } of entries)
      if (rest === tail && goesOn(bytes, offset, disguise, from)) hit(offset, secret, disguise, disguise.secretOffset(from));
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
function isPlain(bytes: Uint8Array, at: number): boolean {
  for (let i = 1; i < RUN; i++) if (bytes[at + i] !== bytes[at]) return false;
  return true;
}

/** `wrapping-key-passwd (born at #12): 8 bytes from byte 0 on were visible to the hypervisor at #90, in_buffer, byte 27`. */
export const showLeak = (leak: Leak): string =>
  `${leak.secret} (born at #${leak.born}): its bytes from ${leak.secretOffset} on were visible to the hypervisor` +
  `${leak.as === undefined ? '' : ` ${leak.as}`} at #${leak.event}, in ${leak.what}, byte ${leak.offset}`;
