import { SimulatorError } from '../../sim/index.ts';

/** A packet's TCP payload, with its ports. */
export interface Segment {
  readonly number: number;
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly payload: Uint8Array;
}

const ETHERNET = 1;
const LINUX_COOKED = 113;
const RAW_LINKS: ReadonlySet<number> = new Set([12, 101, 228]);

export const isCapture = (bytes: Uint8Array): boolean =>
  bytes.length >= 24 &&
  ['0a0d0d0a', 'a1b2c3d4', 'd4c3b2a1', 'a1b23c4d', '4d3cb2a1'].includes(Buffer.from(bytes.subarray(0, 4)).toString('hex'));

/**
 * The TCP segments of a pcap or pcapng file that carry bytes. Packets of other protocols are passed over.
 * @throws {SimulatorError} when the file is cut off.
 */
export function readCapture(given: Uint8Array): readonly Segment[] {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  try {
    const packets = bytes.readUInt32BE(0) === 0x0a0d0d0a ? pcapng(bytes) : pcap(bytes);
    return [...packets].flatMap(({ link, data }, i) => segment(link, data, i + 1) ?? []);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SimulatorError('decode.capture', { what: 'the capture is cut off or damaged' });
  }
}

interface Captured {
  readonly link: number;
  readonly data: Buffer;
}

function* pcap(bytes: Buffer): Generator<Captured> {
  const little = bytes.readUInt8(0) !== 0xa1;
  const u32 = (at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const link = u32(20) & 0xffff;
  for (let at = 24; at < bytes.length; ) {
    const length = u32(at + 8);
    if (at + 16 + length > bytes.length) throw new RangeError('cut off');
    yield { link, data: bytes.subarray(at + 16, at + 16 + length) };
    at += 16 + length;
  }
}

function* pcapng(bytes: Buffer): Generator<Captured> {
  let little = true;
  let links: number[] = [];
  const u32 = (at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const u16 = (at: number): number => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  for (let at = 0; at < bytes.length; ) {
    const type = bytes.readUInt32BE(at);
    if (type === 0x0a0d0d0a) {
      little = bytes.readUInt32LE(at + 8) === 0x1a2b3c4d;
      links = [];
    }
    const length = u32(at + 4);
    if (length < 12 || at + length > bytes.length) throw new RangeError('cut off');
    const kind = u32(at);
    if (kind === 1) links.push(u16(at + 8));
    else if (kind === 6) {
      const captured = u32(at + 20);
      yield { link: links[u32(at + 8)] ?? -1, data: bytes.subarray(at + 28, at + 28 + captured) };
    } else if (kind === 3) yield { link: links[0] ?? -1, data: bytes.subarray(at + 12, at + length - 4) };
    at += length;
  }
}

function segment(link: number, data: Buffer, number: number): Segment | null {
  const ip = ipOf(link, data);
  if (ip?.protocol !== 6 || ip.body.length < 20) return null;
  const payload = ip.body.subarray((ip.body.readUInt8(12) >> 4) * 4);
  if (payload.length === 0) return null;
  const [fromPort, toPort] = [ip.body.readUInt16BE(0), ip.body.readUInt16BE(2)];
  return { number, from: ip.from, to: ip.to, fromPort, toPort, payload: Uint8Array.from(payload) };
}

function ipOf(link: number, data: Buffer): { from: string; to: string; protocol: number; body: Buffer } | null {
  let packet = data;
  if (link === ETHERNET) packet = data.subarray(data.readUInt16BE(12) === 0x8100 ? 18 : 14);
  else if (link === LINUX_COOKED) packet = data.subarray(16);
  else if (link === 0) packet = data.subarray(4);
  else if (!RAW_LINKS.has(link)) return null;
  if (packet.length < 20) return null;
  const version = packet.readUInt8(0) >> 4;
  const hex = (from: number, to: number): string => packet.subarray(from, to).toString('hex');
  if (version === 6 && packet.length >= 40)
    return { from: hex(8, 24), to: hex(24, 40), protocol: packet.readUInt8(6), body: packet.subarray(40) };
  if (version !== 4) return null;
  const body = packet.subarray((packet.readUInt8(0) & 15) * 4, packet.readUInt16BE(2));
  return { from: [...packet.subarray(12, 16)].join('.'), to: [...packet.subarray(16, 20)].join('.'), protocol: packet.readUInt8(9), body };
}
