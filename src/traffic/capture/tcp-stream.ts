import { type Segment, TCP_FLAG } from './ip.ts';

/** Bytes of one way of a connection in their order, or how many of them are not in the capture. */
export type Piece = { readonly bytes: Uint8Array; readonly segment: Segment } | { readonly missing: number; readonly segment: Segment };

/** Where a sequence number lies to another; they wrap around. */
const distance = (from: number, to: number): number => (to - from) | 0;

/** Segments that are held back before what is missing counts as lost. */
const MOST_WAITING = 512;

/**
 * One way of a TCP connection: segments in any order and any number of times (RFC 9293 §3.4), bytes once and in order. What the other
 * end has acknowledged and the capture has not is lost to the capture.
 */
export class TcpStream {
  #next: number | undefined;
  #waiting: Segment[] = [];

  push(segment: Segment): readonly Piece[] {
    const { seq, flags, payload, notKept } = segment;
    if (flags & TCP_FLAG.SYN) this.#next = (seq + 1) >>> 0;
    else if (payload.length + notKept > 0) this.#waiting.push(segment);
    if (this.#next === undefined) return [];
    return this.#deliver(this.#waiting.length > MOST_WAITING);
  }

  /** The other end has all bytes before this number. */
  acknowledged(ack: number): readonly Piece[] {
    if (this.#next === undefined) {
      // The beginning is not in the capture. A keep-alive repeats a byte that had come before it.
      const first = this.#waiting
        .toSorted((a, b) => distance(b.seq, a.seq))
        .find(({ seq, payload }) => payload.length > 1 || distance(seq, ack) > 1);
      if (!first && this.#waiting.length > 0) return [];
      this.#next = first ? first.seq : ack;
    }
    return this.#deliver(false, ack);
  }

  end(): readonly Piece[] {
    this.#next ??= this.#waiting.toSorted((a, b) => distance(b.seq, a.seq))[0]?.seq;
    return this.#next === undefined ? [] : this.#deliver(true);
  }

  #deliver(all: boolean, ack?: number): readonly Piece[] {
    if (this.#waiting.length === 0) return [];
    const pieces: Piece[] = [];
    this.#waiting.sort((a, b) => distance(b.seq, a.seq));
    let taken = 0;
    for (const segment of this.#waiting) {
      const ahead = distance(this.#next ?? 0, segment.seq);
      if (ahead > 0) {
        if (!all && (ack === undefined || distance(segment.seq, ack) < 0)) break;
        pieces.push({ missing: ahead, segment });
        this.#next = segment.seq;
      }
      taken++;
      const old = Math.max(0, -ahead);
      const fresh = segment.payload.subarray(old);
      if (fresh.length > 0) {
        pieces.push({ bytes: fresh, segment });
        this.#next = ((this.#next ?? 0) + fresh.length) >>> 0;
      }
      const end = (segment.seq + segment.payload.length + segment.notKept) >>> 0;
      const lost = distance(this.#next ?? 0, end);
      if (segment.notKept > 0 && lost > 0 && !this.#covers(segment, taken)) {
        pieces.push({ missing: lost, segment });
        this.#next = end;
      }
    }
    this.#waiting.splice(0, taken);
    return pieces;
  }

  /** Another segment has the bytes that this one lacks. */
  #covers({ seq, payload }: Segment, from: number): boolean {
    const end = (seq + payload.length) >>> 0;
    return this.#waiting.slice(from).some(other => distance(other.seq, end) >= 0 && other.payload.length > distance(other.seq, end));
  }
}
