/** Hexadecimal text of bytes, lower case, no separators. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/**
 * Bytes of hexadecimal text; blanks and underscores between digits are ignored.
 * @throws {RangeError} naming the first character that is no hex digit, or an odd digit count.
 */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/[\s_]/g, '');
  const bad = digits.search(/[^0-9a-fA-F]/);
  if (bad >= 0) throw new RangeError(`"${digits[bad]}" at digit ${bad} is no hex digit`);
  if (digits.length % 2 !== 0) throw new RangeError(`an odd number of hex digits (${digits.length})`);
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

/** A number as 0x… with at least `digits` digits. */
export function hex(value: number | bigint, digits = 1): string {
  const text = value < 0 ? BigInt.asUintN(64, BigInt(value)).toString(16) : value.toString(16);
  return `0x${text.padStart(digits, '0')}`;
}

/** Classic dump: offset, 16 bytes, printable text. `base` is added to the offsets that are shown. */
export function hexDump(bytes: Uint8Array, base = 0): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const cells = Array.from({ length: 16 }, (_, i) => row[i]?.toString(16).padStart(2, '0') ?? '  ');
    const text = row.map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${(base + at).toString(16).padStart(8, '0')}  ${cells.slice(0, 8).join(' ')}  ${cells.slice(8).join(' ')}  |${text}|`);
  }
  return lines.join('\n');
}

/** Whether two byte strings are the same. Not in constant time: for public bytes only (secrets: crypto/equal.ts). */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The byte strings one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const encoder = new TextEncoder();
/** UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);
