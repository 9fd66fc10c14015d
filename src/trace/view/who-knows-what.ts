import { ACTORS, type Actor, type AnyEvent } from '../../sim/index.ts';

/** Runs of this many bytes of a secret count as seen; shorter secrets whole. */
const RUN = 8;

/** A secret of a run, and who knows it since when. */
export interface KnownSecret {
  readonly id: number;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** seq of the event of its birth. */
  readonly born: number;
  /** seq of the event from which on an actor knows it: its birth, or the first sight of its bytes. */
  readonly since: ReadonlyMap<Actor, number>;
  /** Actors that were not meant to know it. */
  readonly leakedTo: readonly Actor[];
}

/** Who knows which secret, and since when: by right at its birth, or because its bytes were shown. */
export function whoKnowsWhat(events: readonly AnyEvent[]): readonly KnownSecret[] {
  const births = events.filter(event => event.kind === 'secret');
  const found = births.map(({ seq, data, sights }) => ({
    id: data.id,
    name: data.name,
    bytes: sights[0]?.bytes ?? new Uint8Array(0),
    born: seq,
    since: new Map<Actor, number>(data.knownBy.map(actor => [actor, seq])),
    leakedTo: [] as Actor[],
  }));
  const search = searcher(found);
  for (const event of events) {
    if (event.kind === 'secret') continue;
    for (const { bytes, seenBy, suppliedBy } of event.sights) {
      if (bytes.length === 0) continue;
      const eyes = seenBy.filter(actor => actor !== suppliedBy);
      for (const secret of search(bytes)) {
        for (const actor of eyes) {
          const before = secret.since.get(actor);
          if (before === undefined) secret.leakedTo.push(actor);
          if (before === undefined || (before > event.seq && secret.leakedTo.includes(actor))) secret.since.set(actor, event.seq);
        }
      }
    }
  }
  for (const secret of found) secret.leakedTo.sort((a, b) => ACTORS.indexOf(a) - ACTORS.indexOf(b));
  return found;
}

/** Finds the secrets of which a run of bytes occurs. Cost is linear in what is searched. */
function searcher<S extends { readonly bytes: Uint8Array }>(secrets: readonly S[]): (bytes: Uint8Array) => ReadonlySet<S> {
  const short = secrets.filter(({ bytes }) => bytes.length > 0 && bytes.length < RUN);
  const byHead = new Map<number, { readonly secret: S; readonly at: number }[]>();
  for (const secret of secrets) {
    for (let at = 0; at + RUN <= secret.bytes.length; at++) {
      // A run of one repeated byte is no mark of a secret: padding is full of them.
      if (secret.bytes.subarray(at, at + RUN).every(byte => byte === secret.bytes[at])) continue;
      const head = word(secret.bytes, at);
      byHead.set(head, [...(byHead.get(head) ?? []), { secret, at }]);
    }
  }
  return bytes => {
    const hits = new Set<S>();
    for (let offset = 0; offset + RUN <= bytes.length; offset++) {
      for (const { secret, at } of byHead.get(word(bytes, offset)) ?? []) {
        if (word(bytes, offset + 4) === word(secret.bytes, at + 4)) hits.add(secret);
      }
    }
    for (const secret of short) if (Buffer.from(bytes).includes(Buffer.from(secret.bytes))) hits.add(secret);
    return hits;
  };
}

const word = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
