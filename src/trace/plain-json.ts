import { toHex } from '../bytes/index.ts';
import type { AnyEvent } from '../sim/index.ts';

/** Plain data of JSON: numbers of 64 bits as 0x… text, bytes as hex digits. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export function toJson(value: unknown): Json {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'bigint':
      return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'object':
      break;
    default:
      throw new TypeError(`${typeof value} is no plain data`);
  }
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(toJson);
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, toJson(inner)]])));
}

/** An event as one line of JSON (without the newline). */
export const jsonLine = (event: AnyEvent): string => JSON.stringify(toJson({ type: 'event', ...event }));
