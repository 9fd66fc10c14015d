import { u16 } from '../message.ts';

/** A kind of network under IP: how its packets carry them. */
export interface LinkType {
  readonly number: number;
  readonly name: string;
  /** Offset of the IP header; -1 when the packet carries something else. */
  ip(bytes: Uint8Array): number;
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const isIp = (protocol: number): boolean => protocol === IPV4 || protocol === IPV6;
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);

/** Behind VLAN tags, however many there are. */
function behindVlans(bytes: Uint8Array, at: number): number {
  let type = at;
  while (VLAN_TAGS.has(u16(bytes, type))) type += 4;
  return isIp(u16(bytes, type)) ? type + 2 : -1;
}

/** Numbers: LINKTYPE_ values of tcpdump.org/linktypes.html. */
export const LINK_TYPES: readonly LinkType[] = [
  { number: 0, name: 'BSD loopback', ip: () => 4 },
  { number: 1, name: 'Ethernet', ip: bytes => behindVlans(bytes, 12) },
  { number: 12, name: 'raw IP', ip: () => 0 },
  { number: 14, name: 'raw IP', ip: () => 0 },
  { number: 101, name: 'raw IP', ip: () => 0 },
  { number: 108, name: 'OpenBSD loopback', ip: () => 4 },
  { number: 113, name: 'Linux cooked', ip: bytes => behindVlans(bytes, 14) },
  { number: 228, name: 'raw IPv4', ip: () => 0 },
  { number: 229, name: 'raw IPv6', ip: () => 0 },
  {
    number: 276,
    name: 'Linux cooked, version 2',
    ip: bytes => (VLAN_TAGS.has(u16(bytes, 0)) ? behindVlans(bytes, 20) : isIp(u16(bytes, 0)) ? 20 : -1),
  },
];

/** What a link type is called whose packets are not read. */
export const OTHER_LINKS: ReadonlyMap<number, string> = new Map([
  [9, 'PPP'],
  [105, 'IEEE 802.11'],
  [119, 'IEEE 802.11 with a Prism header'],
  [127, 'IEEE 802.11 with radiotap'],
  [147, 'private use'],
  [187, 'Bluetooth HCI'],
  [189, 'USB of Linux'],
  [192, 'per-packet information'],
  [201, 'Bluetooth HCI'],
  [209, 'I2C'],
  [220, 'USB of Linux'],
  [239, 'NFLOG'],
  [249, 'USBPcap'],
  [253, 'netlink'],
  [271, 'vsock'],
]);
