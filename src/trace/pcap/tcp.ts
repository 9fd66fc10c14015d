// IPv4 (RFC 791) and TCP (RFC 9293), as far as a capture needs them.

export interface Endpoint {
  /** `10.0.0.1` */
  readonly address: string;
  readonly port: number;
}

const SYN = 0x02;
const PSH = 0x08;
const ACK = 0x10;

/** One connection, from its handshake on; gives the packets of each message with the right sequence numbers. */
export class TcpConnection {
  readonly #ends: readonly [Endpoint, Endpoint];
  /** Next sequence number of client and server. */
  readonly #next: [number, number] = [1, 1];
  #id = 0;

  constructor(client: Endpoint, server: Endpoint) {
    this.#ends = [client, server];
  }

  /** The three packets that open it; they take sequence number 0 of both ends. */
  open(): readonly Uint8Array[] {
    const [client, server] = this.#ends;
    return [
      this.#packet(client, server, 0, 0, SYN, NONE),
      this.#packet(server, client, 0, 1, SYN | ACK, NONE),
      this.#packet(client, server, 1, 1, ACK, NONE),
    ];
  }

  /** A message from the client (0) or the server (1). */
  send(from: 0 | 1, payload: Uint8Array): Uint8Array {
    const to = from === 0 ? 1 : 0;
    const bytes = this.#packet(this.#ends[from], this.#ends[to], this.#next[from], this.#next[to], PSH | ACK, payload);
    this.#next[from] = (this.#next[from] + payload.length) >>> 0;
    return bytes;
  }

  #packet(from: Endpoint, to: Endpoint, seq: number, ack: number, flags: number, payload: Uint8Array): Uint8Array {
    const [source, target] = [octets(from.address), octets(to.address)];
    const tcp = Buffer.alloc(20 + payload.length);
    tcp.writeUInt16BE(from.port, 0);
    tcp.writeUInt16BE(to.port, 2);
    tcp.writeUInt32BE(seq, 4);
    tcp.writeUInt32BE(ack, 8);
    tcp[12] = 5 << 4;
    tcp[13] = flags;
    tcp.writeUInt16BE(0xffff, 14);
    tcp.set(payload, 20);
    const pseudo = Buffer.concat([source, target, Uint8Array.of(0, 6, tcp.length >>> 8, tcp.length & 0xff)]);
    tcp.writeUInt16BE(checksum(Buffer.concat([pseudo, tcp])), 16);
    const ip = Buffer.alloc(20);
    ip[0] = 0x45;
    ip.writeUInt16BE(20 + tcp.length, 2);
    ip.writeUInt16BE(this.#id++ & 0xffff, 4);
    ip[6] = 0x40; // do not fragment
    ip[8] = 64;
    ip[9] = 6;
    ip.set(source, 12);
    ip.set(target, 16);
    ip.writeUInt16BE(checksum(ip), 10);
    return Buffer.concat([ip, tcp]);
  }
}

const NONE = new Uint8Array(0);
const octets = (address: string): Uint8Array => Uint8Array.from(address.split('.').map(Number));

/** The Internet checksum (RFC 1071). */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
