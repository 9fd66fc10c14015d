import { u16, u32 } from '../message.ts';
import { LINK_TYPES } from './link-types.ts';
import type { Packet } from './packets.ts';

/** A TCP segment. */
export interface Segment {
  readonly number: number;
  readonly timeNs?: bigint;
  /** `10.0.0.9:2321`, `[fe80::1]:2321`. */
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly payload: Uint8Array;
  /** Bytes of the payload that the capture did not keep. */
  readonly notKept: number;
}

export const TCP_FLAG = { FIN: 1, SYN: 2, RST: 4, ACK: 16 } as const;
const TCP = 6;
const LINKS = new Map(LINK_TYPES.map(link => [link.number, link]));
export const isKnownLink = (link: number): boolean => LINKS.has(link);

/** The TCP segment of a packet; nothing when it carries something else, or a fragment. */
export function segmentOf(packet: Packet): Segment | undefined {
  const start = LINKS.get(packet.link)?.ip(packet.bytes) ?? -1;
  if (start < 0) return undefined;
  const ip = packet.bytes.subarray(start);
  const version = (ip[0] ?? 0) >>> 4;
  const parsed = version === 4 ? ipv4(ip) : version === 6 ? ipv6(ip) : undefined;
  if (!parsed || parsed.body < 0 || ip.length < parsed.body + 20) return undefined;
  const tcp = ip.subarray(parsed.body);
  const head = ((tcp[12] ?? 0) >>> 4) * 4;
  // A length of 0 is of a network card that cuts segments itself (TSO): then the packet's own length counts.
  const total = parsed.total || packet.wireBytes - start;
  const length = Math.max(0, total - parsed.body - head);
  const payload = tcp.subarray(head, head + length);
  const [fromPort, toPort] = [u16(tcp, 0), u16(tcp, 2)];
  return {
    number: packet.number,
    ...(packet.timeNs !== undefined && { timeNs: packet.timeNs }),
    from: `${parsed.from}:${fromPort}`,
    to: `${parsed.to}:${toPort}`,
    fromPort,
    toPort,
    seq: u32(tcp, 4),
    ack: u32(tcp, 8),
    flags: tcp[13] ?? 0,
    payload: Uint8Array.from(payload),
    notKept: length - payload.length,
  };
}

interface Ip {
  readonly from: string;
  readonly to: string;
  /** Offset of TCP's header; -1 when there is none. */
  readonly body: number;
  readonly total: number;
}

function ipv4(ip: Uint8Array): Ip | undefined {
  if (ip.length < 20) return undefined;
  const head = ((ip[0] ?? 0) & 15) * 4;
  const fragment = (u16(ip, 6) & 0x3fff) !== 0;
  const body = ip[9] === TCP && !fragment ? head : -1;
  return { from: [...ip.subarray(12, 16)].join('.'), to: [...ip.subarray(16, 20)].join('.'), body, total: u16(ip, 2) };
}

/** Extension headers that may stand between IPv6 and TCP: hop-by-hop, routing, destination options (RFC 8200 §4). */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);

function ipv6(ip: Uint8Array): Ip | undefined {
  if (ip.length < 40) return undefined;
  let [next, body] = [ip[6] ?? 0, 40];
  while (EXTENSIONS.has(next) && body + 8 <= ip.length) {
    next = ip[body] ?? 0;
    body += ((ip[body + 1] ?? 0) + 1) * 8;
  }
  const length = u16(ip, 4);
  return {
    from: address6(ip.subarray(8, 24)),
    to: address6(ip.subarray(24, 40)),
    body: next === TCP ? body : -1,
    total: length && length + 40,
  };
}

/** RFC 5952: the longest run of zeros left out. */
function address6(bytes: Uint8Array): string {
  const text = Array.from({ length: 8 }, (_, i) => u16(bytes, i * 2).toString(16)).join(':');
  const zeros = (text.match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? []).sort((a, b) => b.length - a.length)[0];
  const short = zeros ? text.replace(zeros, zeros.startsWith(':') ? ':' : '') : text;
  return `[${
    zeros
      ? short
          .replace(/^:(?!:)/, '::')
          .replace(/:$/, '::')
          .replace(/:::/, '::')
      : short
  }]`;
}
