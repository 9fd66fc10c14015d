import { utf8 } from '../../bytes/index.ts';

// pcapng (draft-ietf-opsawg-pcapng), little-endian: section header, one interface, names, packets.

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE = 1;
const NAMES = 4;
const ENHANCED_PACKET = 6;
const BYTE_ORDER = 0x1a2b3c4d;
/** LINKTYPE_RAW: a packet begins with its IP header. */
const RAW_IP = 101;

const u16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >>> 8);
const u32 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
const padded = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, new Uint8Array(-bytes.length & 3)]);

function block(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const length = u32(body.length + 12);
  return Buffer.concat([u32(type), length, body, length]);
}

const option = (code: number, value: Uint8Array): Uint8Array => Buffer.concat([u16(code), u16(value.length), padded(value)]);
const END = u32(0);

export interface Packet {
  readonly timeNs: bigint;
  readonly bytes: Uint8Array;
  readonly comment?: string;
}

/** The blocks in front of the packets. `names`: of IPv4 addresses; `time`: what the packets' times are. */
export function pcapngHead(application: string, names: ReadonlyMap<string, string>, time = 'virtual time of the simulation'): Uint8Array {
  const section = block(
    SECTION_HEADER,
    u32(BYTE_ORDER),
    u16(1),
    u16(0),
    u32(0xffffffff),
    u32(0xffffffff),
    option(4, utf8(application)),
    END,
  );
  const nanoseconds = option(9, Uint8Array.of(9));
  const inter = block(INTERFACE, u16(RAW_IP), u16(0), u32(0), option(2, utf8(time)), nanoseconds, END);
  const records = [...names].map(([address, name]) => {
    const value = Buffer.concat([Uint8Array.from(address.split('.').map(Number)), utf8(name), Uint8Array.of(0)]);
    return Buffer.concat([u16(1), u16(value.length), padded(value)]);
  });
  return Buffer.concat([section, inter, block(NAMES, ...records, END)]);
}

export function pcapngPacket({ timeNs, bytes, comment }: Packet): Uint8Array {
  const time = [Number(timeNs >> 32n), Number(timeNs & 0xffff_ffffn)].map(u32);
  const options = comment ? [option(1, utf8(comment)), END] : [];
  return block(ENHANCED_PACKET, u32(0), ...time, u32(bytes.length), u32(bytes.length), padded(bytes), ...options);
}
