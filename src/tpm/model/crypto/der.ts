import { concat } from '../../../bytes/index.ts';
import { fromInteger } from '../../../crypto/index.ts';

// X.690: as much of DER as CertifyX509 needs. Reading follows libtpms src/tpm2/TpmASN1.c: lengths up to two octets, null for what is wrong.

export const TAG = { INTEGER: 0x02, BIT_STRING: 0x03, OCTET_STRING: 0x04, NULL: 0x05, OID: 0x06, SEQUENCE: 0x30, CONTEXT: 0xa0 } as const;

export interface Element {
  readonly tag: number;
  /** Tag, length and contents. */
  readonly whole: Uint8Array;
  readonly contents: Uint8Array;
}

/** The element at the beginning of the bytes. */
export function firstElement(bytes: Uint8Array): Element | null {
  const [tag, first] = [bytes[0], bytes[1]];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return null;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (first >= 0x80 && octets !== 1 && octets !== 2) return null;
  const start = 2 + octets;
  if (bytes.length < start) return null;
  const length = octets === 0 ? first : bytes.subarray(2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  if (length >= 0x8000 || start + length > bytes.length) return null;
  return { tag, whole: bytes.subarray(0, start + length), contents: bytes.subarray(start, start + length) };
}

/** The elements that the bytes consist of. */
export function elementsOf(bytes: Uint8Array): Element[] | null {
  const elements: Element[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const element = firstElement(rest);
    if (!element) return null;
    elements.push(element);
    rest = rest.subarray(element.whole.length);
  }
  return elements;
}

export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const all = concat(...contents);
  const { length } = all;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concat(Uint8Array.of(tag, ...size), all);
}

export const sequence = (...contents: readonly Uint8Array[]): Uint8Array => der(TAG.SEQUENCE, ...contents);
export const NULL = der(TAG.NULL);
export const oid = (...octets: readonly number[]): Uint8Array => der(TAG.OID, Uint8Array.from(octets));

/** A number that is not negative: no zeros in front but the one that keeps it so. */
export function derInteger(value: bigint): Uint8Array {
  const octets = fromInteger(value, Math.max(1, Math.ceil(value.toString(16).length / 2)));
  return der(TAG.INTEGER, (octets[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0), octets);
}

/** A bit string as a number of 32 bits, the first bit the highest; null when it is none or too long. */
export function bitString(element: Element): number | null {
  const [unused, ...octets] = element.contents;
  if (element.tag !== TAG.BIT_STRING || unused === undefined || unused > 7 || (octets.length === 0 && unused !== 0)) return null;
  if (octets.length > 4) return null;
  const last = octets.length - 1;
  return octets.reduce((bits, octet, i) => (bits | ((i === last ? octet & (0xff << unused) : octet) << (24 - 8 * i))) >>> 0, 0);
}
