import { beginsMessage, type Direction, type Sighting, u16, u32 } from '../message.ts';
import { isCommandCode } from '../names.ts';
import { type Segment, TCP_FLAG } from './ip.ts';
import { PROTOCOLS, type Protocol, SERVER_PORTS } from './protocols.ts';
import { type Piece, TcpStream } from './tcp-stream.ts';

/** A stretch of one way's bytes. */
interface Chunk {
  readonly at: number;
  readonly segment: Segment;
}

/** Bytes that are kept until it is known what they are. */
const MOST_UNKNOWN = 4096;

/** One end's bytes on their way to the other. */
class Way {
  readonly stream = new TcpStream();
  bytes: Uint8Array = new Uint8Array(0);
  /** Which segment the byte at an offset came in. */
  chunks: Chunk[] = [];
  /** Bytes of a broken message that are still to come and are not shown. */
  skip = 0;
  /** Where the next message begins is not known: the stream began before the capture, or bytes are missing. */
  lost = false;

  add(bytes: Uint8Array, segment: Segment): void {
    const fresh = bytes.subarray(Math.min(this.skip, bytes.length));
    this.skip -= bytes.length - fresh.length;
    if (fresh.length === 0) return;
    this.chunks.push({ at: this.bytes.length, segment });
    this.bytes = this.bytes.length === 0 ? fresh : Buffer.concat([this.bytes, fresh]);
  }

  take(length: number): Uint8Array {
    const taken = this.bytes.subarray(0, length);
    this.bytes = this.bytes.subarray(length);
    const kept = this.chunks.findLastIndex(({ at }) => at <= length);
    this.chunks = this.chunks.slice(Math.max(0, kept)).map(({ at, segment }) => ({ at: Math.max(0, at - length), segment }));
    if (this.bytes.length === 0) this.chunks = [];
    return taken;
  }

  segmentAt(offset: number): Segment | undefined {
    return this.chunks.findLast(({ at }) => at <= offset)?.segment;
  }
}

/** A TCP connection: who is client and what is spoken is found out once, then its messages are taken out. */
export class Connection {
  readonly #ways: ReadonlyMap<string, Way>;
  readonly #name: string;
  #client: string | undefined;
  #protocol: Protocol | undefined;
  #stranger = false;
  /** Requests that the server has still to answer, oldest first. */
  readonly #asked: number[] = [];
  readonly #found: Sighting[] = [];
  #begun = false;

  constructor({ from, to, number }: Segment) {
    this.#ways = new Map([
      [from, new Way()],
      [to, new Way()],
    ]);
    this.#name = `${[from, to].toSorted().join(' ')} ${number}`;
  }

  /** A SYN after bytes were sent opens another connection between the same ports. */
  isReused({ flags }: Segment): boolean {
    return (flags & (TCP_FLAG.SYN | TCP_FLAG.ACK)) === TCP_FLAG.SYN && this.#begun;
  }

  push(segment: Segment): readonly Sighting[] {
    const { from, to, flags, ack, fromPort, toPort } = segment;
    if (flags & TCP_FLAG.SYN) this.#client ??= flags & TCP_FLAG.ACK ? to : from;
    else if (segment.payload.length > 0) this.#begun = true;
    if (this.#client === undefined && SERVER_PORTS.has(toPort) !== SERVER_PORTS.has(fromPort))
      this.#client = SERVER_PORTS.has(toPort) ? from : to;
    const [way, back] = [this.#way(from), this.#way(to)];
    // What the segment acknowledges was there before it.
    if (flags & TCP_FLAG.ACK) this.#take(to, back, back.stream.acknowledged(ack));
    this.#take(from, way, way.stream.push(segment));
    return this.#found.splice(0);
  }

  end(): readonly Sighting[] {
    for (const [from, way] of this.#ways) {
      this.#take(from, way, way.stream.end());
      if (this.#protocol && this.#client && !this.#stranger && way.bytes.length > 0) this.#break(from, way, 0);
    }
    return this.#found.splice(0);
  }

  #way(of: string): Way {
    return this.#ways.get(of) as Way;
  }

  #take(from: string, way: Way, pieces: readonly Piece[]): void {
    if (pieces.length === 0) return;
    for (const piece of pieces) {
      if ('bytes' in piece) {
        if (way.lost && way.bytes.length === 0 && this.#protocol && !this.#resync(from, piece.bytes)) continue;
        way.add(piece.bytes, piece.segment);
        this.#run(from);
      } else this.#gap(from, way, piece.missing);
    }
  }

  /** Bytes are not in the capture: the message in which they lie is broken, and how long it was tells where the next begins. */
  #gap(from: string, way: Way, missing: number): void {
    if (!this.#protocol) {
      way.bytes = new Uint8Array(0);
      way.chunks = [];
      return;
    }
    const broken = way.bytes.length > 0;
    if (broken) this.#break(from, way, missing);
    else if (way.skip > missing) way.skip -= missing;
    else way.lost = true;
  }

  #break(from: string, way: Way, missing: number): void {
    const direction = this.#direction(from);
    const frame = this.#protocol?.frame(way.bytes, direction, this.#asked[0]);
    const segment = way.segmentAt(0);
    if (frame?.kind === 'message' && segment) {
      const end = frame.skip + frame.size;
      const why = missing > 0 ? `${missing} bytes behind them are not in the capture` : 'the capture ends before the rest';
      this.#give(
        way.bytes.subarray(frame.skip, end),
        segment,
        direction,
        `${way.bytes.length - frame.skip} of ${frame.size} bytes: ${why}`,
      );
      const left = end + frame.behind - way.bytes.length - missing;
      way.skip = Math.max(0, left);
      way.lost = left < 0;
    } else way.lost = true;
    way.bytes = new Uint8Array(0);
    way.chunks = [];
  }

  /** After a gap messages begin with a segment; bytes before that belong to one that is lost. */
  #resync(from: string, bytes: Uint8Array): boolean {
    const way = this.#way(from);
    const frame = this.#protocol?.frame(bytes, this.#direction(from), this.#asked[0]);
    if (frame?.kind !== 'message' && frame?.kind !== 'frame') return false;
    way.lost = false;
    return true;
  }

  readonly #direction = (from: string): Direction => (from === this.#client ? 'command' : 'response');

  #run(from: string): void {
    if (this.#stranger) this.#forget();
    else if (!this.#protocol && !this.#detect()) return;
    for (const side of this.#client === from || !this.#client ? [from] : [this.#client, from]) this.#frames(side, this.#way(side));
  }

  #frames(from: string, way: Way): void {
    const direction = this.#direction(from);
    while (way.bytes.length > 0) {
      const frame = (this.#protocol as Protocol).frame(way.bytes, direction, this.#asked[0]);
      if (frame.kind === 'wait') return;
      if (frame.kind === 'stranger') {
        this.#dropSegment(way);
        continue;
      }
      if (frame.kind === 'message' && way.bytes.length < frame.skip + frame.size + frame.behind) return;
      if (direction === 'response') this.#asked.shift();
      else if (frame.asks !== undefined) this.#asked.push(frame.asks);
      if (frame.kind === 'frame') {
        way.take(frame.size);
        continue;
      }
      const segment = way.segmentAt(frame.skip) as Segment;
      const bytes = way.take(frame.skip + frame.size + frame.behind);
      this.#give(bytes.subarray(frame.skip, frame.skip + frame.size), segment, direction, undefined);
    }
  }

  /** What is no frame of the protocol is passed over, up to the next segment. */
  #dropSegment(way: Way): void {
    const next = way.chunks.find(({ at }) => at > 0)?.at ?? way.bytes.length;
    way.take(next);
  }

  #detect(): boolean {
    const ways = [...this.#ways];
    for (const protocol of PROTOCOLS) {
      for (const [from, way] of ways) {
        if (way.bytes.length === 0) continue;
        const isClient =
          this.#client === undefined ? protocol.client(way.bytes) : from === this.#client ? protocol.client(way.bytes) : undefined;
        const isServer = this.#client === undefined || from !== this.#client ? protocol.server(way.bytes) : undefined;
        if (isClient && !(this.#client === undefined && looksLikeAnswer(protocol, way.bytes))) return this.#speak(protocol, from);
        if (isServer) return this.#speak(protocol, this.#client ?? (ways.find(([other]) => other !== from)?.[0] as string));
      }
    }
    const known = ways.find(([from]) => from === this.#client)?.[1];
    const undecided = ways.every(([from, way]) => way.bytes.length < 19 || (known && from !== this.#client && known.bytes.length === 0));
    if (!undecided && ways.some(([, way]) => way.bytes.length > 0)) {
      if (ways.some(([, way]) => way.chunks.length > 1)) this.#laterStart(ways);
      else if (ways.some(([, way]) => way.bytes.length > MOST_UNKNOWN)) this.#stranger = true;
    }
    if (this.#stranger) this.#forget();
    return this.#protocol !== undefined;
  }

  /** The capture may begin inside of a message: then it is tried from the next segment on. */
  #laterStart(ways: readonly (readonly [string, Way])[]): void {
    for (const [, way] of ways) {
      if (way.bytes.length >= 19 && way.chunks.length > 1) this.#dropSegment(way);
    }
  }

  #speak(protocol: Protocol, client: string): boolean {
    this.#protocol = protocol;
    this.#client = client;
    for (const from of [client, ...[...this.#ways.keys()].filter(end => end !== client)]) this.#frames(from, this.#way(from));
    return true;
  }

  #forget(): void {
    for (const way of this.#ways.values()) {
      way.bytes = new Uint8Array(0);
      way.chunks = [];
    }
  }

  #give(bytes: Uint8Array, { number, from, to, timeNs }: Segment, direction: Direction, broken: string | undefined): void {
    this.#found.push({
      where: `packet ${number}, ${from} → ${to}`,
      bytes: Uint8Array.from(bytes),
      direction,
      conversation: this.#name,
      ...(timeNs !== undefined && { timeNs }),
      ...(broken && { broken }),
    });
  }
}

/** A code of a command is a code of a response too: of an error, which has ten bytes and nothing behind them. */
const looksLikeAnswer = (protocol: Protocol, bytes: Uint8Array): boolean =>
  protocol.name === PROTOCOLS[0]?.name &&
  beginsMessage(bytes) &&
  u16(bytes, 0) === 0x8001 &&
  u32(bytes, 2) === 10 &&
  !isCommandCode(u32(bytes, 6));
