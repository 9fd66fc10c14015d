import { concat } from '../../../bytes/index.ts';

/** 32-bit big-endian cells. */
export function cells(...values: readonly number[]): Uint8Array {
  const out = new Uint8Array(values.length * 4);
  const view = new DataView(out.buffer);
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value);
  return out;
}

/** 64-bit numbers of two cells each. */
export function cells64(...values: readonly bigint[]): Uint8Array {
  const out = new Uint8Array(values.length * 8);
  const view = new DataView(out.buffer);
  for (const [i, value] of values.entries()) view.setBigUint64(i * 8, value);
  return out;
}

/** Strings one after the other, each with its NUL. */
export function text(...values: readonly string[]): Uint8Array {
  return concat(...values.map(value => Uint8Array.from(Buffer.from(`${value}\0`, 'utf8'))));
}

/** The 32-bit number of exactly one cell. */
export function asU32(value: Uint8Array | undefined): number | undefined {
  return value?.length === 4 ? new DataView(value.buffer, value.byteOffset).getUint32(0) : undefined;
}

/** The Ultravisor's reading of an address (svm/svm-esm.c): 8 bytes or more are two cells, else one cell. */
export function asAddress(value: Uint8Array | undefined): bigint | undefined {
  if (!value || value.length < 4) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  return value.length >= 8 ? view.getBigUint64(0) : BigInt(view.getUint32(0));
}

/** A string with exactly one NUL, at its end; undefined when the value is no such string. */
export function asText(value: Uint8Array | undefined): string | undefined {
  return value && value.length > 0 && value.indexOf(0) === value.length - 1
    ? Buffer.from(value.subarray(0, -1)).toString('utf8')
    : undefined;
}
