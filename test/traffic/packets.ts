/** Captures as tests need them: TCP segments as they like, under every link type, in every form of file. */

export interface Sent {
  /** From the client. */
  readonly fromClient: boolean;
  /** From the first byte of the way on; SYN is byte -1. */
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly flags?: number;
  /** Bytes of the other way that are acknowledged. */
  readonly acks?: number;
}

export const SYN = 2;
export const ACK = 16;
const FIRST = 0xffff_fff0; // sequence numbers wrap around soon

export interface Ends {
  readonly clientPort?: number;
  readonly serverPort?: number;
  readonly version?: 4 | 6;
}

export function ipPacket(
  { fromClient, at, bytes, flags = ACK, acks = 0 }: Sent,
  { clientPort = 40000, serverPort = 2321, version = 4 }: Ends = {},
): Buffer {
  const tcp = Buffer.alloc(20 + bytes.length);
  const ports = fromClient ? [clientPort, serverPort] : [serverPort, clientPort];
  tcp.writeUInt16BE(ports[0] as number, 0);
  tcp.writeUInt16BE(ports[1] as number, 2);
  tcp.writeUInt32BE((FIRST + 1 + at) >>> 0, 4);
  if (flags & ACK) tcp.writeUInt32BE((FIRST + 1 + acks) >>> 0, 8);
  tcp[12] = 5 << 4;
  tcp[13] = flags;
  tcp.set(bytes, 20);
  const [client, server] = [9, 8];
  const addresses = fromClient ? [client, server] : [server, client];
  if (version === 6) {
    const ip = Buffer.alloc(40);
    ip[0] = 0x60;
    ip.writeUInt16BE(tcp.length, 4);
    ip[6] = 6;
    ip.set([0xfe, 0x80], 8);
    ip.set([0xfe, 0x80], 24);
    ip[23] = addresses[0] as number;
    ip[39] = addresses[1] as number;
    return Buffer.concat([ip, tcp]);
  }
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip.writeUInt16BE(20 + tcp.length, 2);
  ip[9] = 6;
  ip.set([10, 0, 0, addresses[0] as number], 12);
  ip.set([10, 0, 0, addresses[1] as number], 16);
  return Buffer.concat([ip, tcp]);
}

const type = (version: 4 | 6): Buffer => Buffer.from(version === 4 ? '0800' : '86dd', 'hex');
/** What stands in front of an IP packet, by link type. */
export const LINKS: Readonly<Record<string, { readonly number: number; head(version: 4 | 6): Buffer }>> = {
  Ethernet: { number: 1, head: version => Buffer.concat([Buffer.alloc(12), type(version)]) },
  VLAN: { number: 1, head: version => Buffer.concat([Buffer.alloc(12), Buffer.from('81000005', 'hex'), type(version)]) },
  'VLAN in VLAN': { number: 1, head: version => Buffer.concat([Buffer.alloc(12), Buffer.from('88a8000581000006', 'hex'), type(version)]) },
  'Linux cooked': { number: 113, head: version => Buffer.concat([Buffer.alloc(14), type(version)]) },
  'Linux cooked 2': { number: 276, head: version => Buffer.concat([type(version), Buffer.alloc(18)]) },
  loopback: { number: 0, head: version => Buffer.from(version === 4 ? '02000000' : '0a000000', 'hex') },
  raw: { number: 101, head: () => Buffer.alloc(0) },
};

type Form = (link: number, packets: readonly Uint8Array[]) => Buffer;

const pcap =
  (little: boolean, magic: number): Form =>
  (link, packets) => {
    const numbers = (...values: number[]): Buffer => {
      const bytes = Buffer.alloc(values.length * 4);
      values.forEach((value, i) => (little ? bytes.writeUInt32LE(value, i * 4) : bytes.writeUInt32BE(value, i * 4)));
      return bytes;
    };
    const version = little ? 0x0004_0002 : 0x0002_0004;
    return Buffer.concat([
      numbers(magic, version, 0, 0, 0xffff, link),
      ...packets.flatMap((packet, i) => [numbers(i, 0, packet.length, packet.length), packet]),
    ]);
  };

const pcapng =
  (little: boolean, sections: number): Form =>
  (link, packets) => {
    const number = (value: number, size: 2 | 4): Buffer => {
      const bytes = Buffer.alloc(size);
      if (little) bytes.writeUIntLE(value, 0, size);
      else bytes.writeUIntBE(value, 0, size);
      return bytes;
    };
    const block = (kind: number, body: Buffer): Buffer => {
      const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
      const length = number(padded.length + 12, 4);
      return Buffer.concat([number(kind, 4), length, padded, length]);
    };
    const head = [
      block(0x0a0d0d0a, Buffer.concat([number(0x1a2b3c4d, 4), number(1, 2), number(0, 2), Buffer.alloc(8, 0xff)])),
      block(1, Buffer.concat([number(link, 2), number(0, 2), number(0, 4)])),
    ];
    const each = Math.ceil(packets.length / sections);
    const parts: Buffer[] = [];
    for (let at = 0; at < packets.length; at += each) {
      parts.push(...head);
      packets.slice(at, at + each).forEach((packet, i) => {
        const lengths = [number(packet.length, 4), number(packet.length, 4)];
        if (i % 3 === 0) parts.push(block(6, Buffer.concat([number(0, 4), Buffer.alloc(8), ...lengths, packet])));
        else if (i % 3 === 1) parts.push(block(3, Buffer.concat([number(packet.length, 4), packet])));
        else parts.push(block(2, Buffer.concat([number(0, 2), number(0, 2), Buffer.alloc(8), ...lengths, packet])));
        parts.push(block(5, Buffer.alloc(12))); // statistics: no packet
      });
    }
    return Buffer.concat(parts);
  };

export const FORMS: Readonly<Record<string, Form>> = {
  'pcap, low byte first': pcap(true, 0xa1b2c3d4),
  'pcap, high byte first': pcap(false, 0xa1b2c3d4),
  'pcap with nanoseconds': pcap(true, 0xa1b23c4d),
  'pcapng, low byte first': pcapng(true, 1),
  'pcapng, high byte first, two sections': pcapng(false, 2),
};
