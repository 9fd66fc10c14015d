import type { Clock } from './clock.ts';

/** Who acts, and from whose point of view a trace can be read. */
export const ACTORS = [
  'owner', // of the VM: makes the ESM blob, knows the passphrase
  'guest', // the VM before it is secure
  'svm', // the same VM afterwards
  'ultravisor',
  'hypervisor', // KVM and QEMU, host root: the adversary
  'spapr-tpm-proxy',
  'tpmrm',
  'tpm',
  'firmware', // of the host, at boot, before the hypervisor runs
] as const;
export type Actor = (typeof ACTORS)[number];

/** Bytes that an event shows to somebody. */
export interface Sight {
  /** What they are: `in_buffer`, `r4..r12`, `page 0x30000`. */
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly seenBy: readonly Actor[];
  /** Bytes the hypervisor itself supplied are never secrets (no-leak). */
  readonly suppliedBy?: Actor;
}

/** What is recorded, by kind. Values are plain data. A new kind is one line here and one in trace/. */
export interface EventData {
  /** A step of a scenario begins. */
  'step.start': { step: string; text: string };
  /** A step ended; `ok`: its expectations held. */
  'step.end': { step: string; ok: boolean; text: string };
  'hcall.call': { number: number; name: string; issuer: 'guest' | 'svm' | 'ultravisor'; args: Readonly<Record<string, bigint>> };
  'hcall.return': { number: number; name: string; outcome: string; r3?: bigint; r3Name?: string; out: Readonly<Record<string, bigint>> };
  'ultracall.call': { number: number; name: string; issuer: 'guest' | 'svm' | 'hypervisor'; args: Readonly<Record<string, bigint>> };
  'ultracall.return': {
    number: number;
    name: string;
    outcome: string;
    r3?: bigint;
    r3Name?: string;
    out: Readonly<Record<string, bigint>>;
  };
  /** A call on the host file behind spapr-tpm-proxy. `result`: a count, an errno name or `blocks`. */
  'proxy.file': { call: 'open' | 'write' | 'read' | 'close'; path: string; result: string };
  /** A TPM command on its way; `via`: `direct` (firmware), or the resource manager's space. The bytes are the first sight. */
  'tpm.command': { name: string; code: number; via: string };
  'tpm.response': { name: string; code: number; via: string; rc: number; rcName: string };
  'tpmrm.space': { space: number; what: 'open' | 'close' | 'ruined'; detail: string };
  /** A guest page changed hands or kind. `digest`: SHA-256 of its contents (hex), never the contents. */
  page: { gpa: bigint; from: string; to: string; why: string; digest?: string };
  /** A state machine moved: `svm`, `vm`, `tpm`, `host`, `guest`. */
  state: { of: string; from: string; to: string; why: string };
  /** A key or password came into being or was changed. Public facts only. */
  key: { name: string; what: string };
  /** A secret was born (register of secrets). The value is a sight for those who know it. */
  secret: { id: number; name: string; bytes: number; knownBy: readonly Actor[] };
  /** Somebody checked something. A failed check says in one sentence what it means. */
  check: { name: string; ok: boolean; detail: string; source: string };
  /** The adversary acts. */
  adversary: { action: string; target: string; detail: string };
  /** A person should know this. */
  note: { text: string };
}
export type EventKind = keyof EventData;

export interface SimEvent<K extends EventKind = EventKind> {
  readonly seq: number;
  readonly virtualTimeNs: bigint;
  readonly kind: K;
  readonly actor: Actor;
  /** seq of the event in whose course this one happened. */
  readonly cause: number | null;
  readonly host?: string;
  readonly lpid?: number;
  readonly vcpu?: number;
  readonly data: EventData[K];
  readonly sights: readonly Sight[];
}
export type AnyEvent = { [K in EventKind]: SimEvent<K> }[EventKind];

/** Events of one kind. */
export const ofKind = <K extends EventKind>(events: readonly AnyEvent[], kind: K): readonly SimEvent<K>[] =>
  events.filter((event): event is AnyEvent & SimEvent<K> => event.kind === kind);

/** What an event says, field by field, for whoever does not know its kind. */
export const dataOf = ({ data }: AnyEvent): Readonly<Record<string, unknown>> => ({ ...data });

export interface Place {
  readonly host?: string;
  readonly lpid?: number;
  readonly vcpu?: number;
}

/** Hands each record to the listeners in the order of things. Without a listener nothing is made. */
export class EventBus {
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: AnyEvent) => void>();
  #seq = 0;
  #causes: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether anybody listens; whoever has to work for a record asks first. */
  get active(): boolean {
    return this.#listeners.size > 0;
  }

  /** Returns a function that ends the listening. */
  listen(listener: (event: AnyEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Records; returns the record's seq. The cause is the innermost `within`, unless one is named. */
  emit<K extends EventKind>(
    kind: K,
    actor: Actor,
    data: EventData[K],
    { sights = [], place = {}, cause }: { sights?: readonly Sight[]; place?: Place; cause?: number } = {},
  ): number {
    const seq = this.#seq++;
    if (!this.active) return seq;
    // Kind and data are of one K; the compiler does not see that a union of all K has them.
    const event = {
      seq,
      virtualTimeNs: this.#clock.nowNs,
      kind,
      actor,
      cause: cause ?? this.#causes.at(-1) ?? null,
      ...place,
      data,
      sights,
    } as unknown as AnyEvent;
    for (const listener of this.#listeners) listener(event);
    return seq;
  }

  /** Runs `body` with `seq` as the cause of all that is recorded meanwhile. */
  async within<T>(seq: number, body: () => Promise<T>): Promise<T> {
    if (!this.active) return body();
    this.#causes.push(seq);
    try {
      return await body();
    } finally {
      this.#causes.pop();
    }
  }

  /** The chain of causes belongs to a strand of execution: the scheduler changes it when it changes strands. */
  exchangeCauses(causes: number[]): number[] {
    const before = this.#causes;
    this.#causes = causes;
    return before;
  }

  snapshot(): number {
    return this.#seq;
  }

  restore(seq: number): void {
    this.#seq = seq;
  }
}
