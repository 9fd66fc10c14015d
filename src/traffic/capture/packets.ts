// pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), read as they grow. The registry's readers do not fit: `pcap`
// is native code around libpcap, `pcap-parser` knows neither pcapng nor nanoseconds, and neither puts TCP streams together.

/** A packet as it was captured. */
export interface Packet {
  /** Counted from 1 over the whole file. */
  readonly number: number;
  readonly link: number;
  readonly bytes: Uint8Array;
  /** Bytes that were on the wire: more than were kept, when the capture's snapshot length was short. */
  readonly wireBytes: number;
  /** Since 1970, where the file says it. */
  readonly timeNs?: bigint;
}

const SECTION = 0x0a0d0d0a;
/** Magic numbers of pcap: nanoseconds a fraction, and bytes in front of each packet. */
const PCAP: Readonly<Record<number, { readonly fractionNs: bigint; readonly head: number }>> = {
  2712847316: { fractionNs: 1000n, head: 16 }, // a1b2c3d4
  2712812621: { fractionNs: 1n, head: 16 }, // a1b23c4d
  2712849716: { fractionNs: 1000n, head: 24 }, // a1b2cd34: with interface and protocol, by a patch of 1999
};

const magicOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
const swapped = (value: number): number =>
  ((value & 0xff) * 0x100_0000 + ((value >>> 8) & 0xff) * 0x1_0000 + ((value >>> 16) & 0xff) * 0x100 + (value >>> 24)) >>> 0;
const pcapOf = (magic: number) => PCAP[magic] ?? PCAP[swapped(magic)];

/** Whether bytes begin a capture. */
export const isCapture = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && (magicOf(bytes) === SECTION || pcapOf(magicOf(bytes)) !== undefined);

interface Interface {
  readonly link: number;
  readonly snapshot: number;
  readonly ticksPerSecond: bigint;
}

interface PcapFile {
  readonly fractionNs: bigint;
  readonly head: number;
  readonly link: number;
}

/** No packet is longer; a length beyond is a damaged file. */
const MOST_BLOCK = 0x100_0000;

/** Packets of a capture, of as much of the file as has been given. */
export class PacketReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #little = false;
  #pcap: PcapFile | undefined;
  #interfaces: Interface[] = [];
  #packets = 0;
  #offset = 0;
  #damaged: string | undefined;
  #started = false;

  push(part: Uint8Array): readonly Packet[] {
    if (this.#damaged) return [];
    const bytes = this.#bytes.length === 0 ? part : Buffer.concat([this.#bytes, part]);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const packets: Packet[] = [];
    let at = 0;
    for (;;) {
      const taken = this.#block(at, packets);
      if (taken === 0) break;
      at += taken;
    }
    this.#bytes = bytes.subarray(at);
    this.#offset += at;
    return packets;
  }

  /** What is wrong with the file, once all of it was given. */
  end(): string | undefined {
    if (this.#damaged) return this.#damaged;
    return this.#bytes.length === 0 ? undefined : `the capture is cut off in packet ${this.#packets + 1}, at byte ${this.#offset}`;
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, this.#little);
  }
  #u16(at: number): number {
    return this.#view.getUint16(at, this.#little);
  }

  /** Bytes that the block at an offset takes; 0 when not all of them are there. */
  #block(at: number, packets: Packet[]): number {
    const left = this.#bytes.length - at;
    if (this.#damaged || left < 12) return 0;
    if (!this.#started || (!this.#pcap && this.#view.getUint32(at) === SECTION)) return this.#begin(at, left);
    return this.#pcap ? this.#pcapPacket(this.#pcap, at, left, packets) : this.#pcapngBlock(at, left, packets);
  }

  #begin(at: number, left: number): number {
    const magic = this.#view.getUint32(at);
    if (magic === SECTION) {
      this.#little = this.#view.getUint32(at + 8, true) === 0x1a2b3c4d;
      const length = this.#u32(at + 4);
      if (this.#u32(at + 8) !== 0x1a2b3c4d || length < 28 || length > MOST_BLOCK) return this.#damage(at);
      if (left < length) return 0;
      this.#interfaces = [];
      this.#started = true;
      return length;
    }
    if (left < 24) return 0;
    this.#little = PCAP[magic] === undefined;
    const kind = pcapOf(magic);
    if (!kind) return this.#damage(at);
    this.#pcap = { ...kind, link: this.#u32(at + 20) & 0xffff };
    this.#started = true;
    return 24;
  }

  #pcapPacket({ fractionNs, head, link }: PcapFile, at: number, left: number, packets: Packet[]): number {
    if (left < head) return 0;
    const length = this.#u32(at + 8);
    if (length > MOST_BLOCK) return this.#damage(at);
    if (left < head + length) return 0;
    const timeNs = BigInt(this.#u32(at)) * 1_000_000_000n + BigInt(this.#u32(at + 4)) * fractionNs;
    packets.push({ number: ++this.#packets, link, bytes: this.#slice(at + head, length), wireBytes: this.#u32(at + 12), timeNs });
    return head + length;
  }

  #pcapngBlock(at: number, left: number, packets: Packet[]): number {
    const [type, length] = [this.#u32(at), this.#u32(at + 4)];
    if (length < 12 || length % 4 !== 0 || length > MOST_BLOCK) return this.#damage(at);
    if (left < length) return 0;
    if (type === 1) this.#interfaces.push(this.#interface(at, length));
    else if (type === 2 || type === 3 || type === 6) this.#pcapngPacket(type, at, length, packets);
    return length;
  }

  /** Enhanced (6), obsolete (2) and simple (3) packet blocks. */
  #pcapngPacket(type: 2 | 3 | 6, at: number, length: number, packets: Packet[]): void {
    const of = this.#interfaces[type === 3 ? 0 : type === 2 ? this.#u16(at + 8) : this.#u32(at + 8)];
    const link = of?.link ?? -1;
    if (type === 3) {
      const wireBytes = this.#u32(at + 8);
      const kept = Math.min(wireBytes, of?.snapshot || wireBytes, length - 16);
      packets.push({ number: ++this.#packets, link, bytes: this.#slice(at + 12, kept), wireBytes });
      return;
    }
    const kept = Math.min(this.#u32(at + 20), length - 32);
    const ticks = (BigInt(this.#u32(at + 12)) << 32n) | BigInt(this.#u32(at + 16));
    const timeNs = (ticks * 1_000_000_000n) / (of?.ticksPerSecond ?? 1_000_000n);
    packets.push({ number: ++this.#packets, link, bytes: this.#slice(at + 28, kept), wireBytes: this.#u32(at + 24), timeNs });
  }

  #interface(at: number, length: number): Interface {
    let ticksPerSecond = 1_000_000n;
    for (let option = at + 16; option + 4 <= at + length - 4; ) {
      const [code, size] = [this.#u16(option), this.#u16(option + 2)];
      if (code === 0) break;
      const resolution = this.#view.getUint8(option + 4);
      if (code === 9) ticksPerSecond = resolution & 0x80 ? 1n << BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
      option += 4 + ((size + 3) & ~3);
    }
    return { link: this.#u16(at + 8), snapshot: this.#u32(at + 12), ticksPerSecond };
  }

  readonly #slice = (at: number, length: number): Uint8Array => this.#bytes.subarray(at, at + length);

  #damage(at: number): 0 {
    this.#damaged = `the capture is damaged behind packet ${this.#packets}, at byte ${this.#offset + at}`;
    return 0;
  }
}
