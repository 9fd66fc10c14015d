import type { AnyEvent } from '../sim/index.ts';

/** Runs of this many bytes of a secret are taken out; a shorter secret as a whole (docs/reference/decisions.md#what-counts-as-leaked). */
const RUN = 8;
const NOTHING = '[redacted]';

/** Where each run of a secret is known by its first four bytes. */
type Index = ReadonlyMap<number, readonly Uint8Array[]>;

/**
 * A run without the secrets that its own record of them names: their bytes are zero wherever they stand, in whole or in part, in messages,
 * pages and registers; where they were written as text, `[redacted]` stands. Everything else is as it was, and opens as it did.
 */
export function redacted(events: readonly AnyEvent[]): readonly AnyEvent[] {
  const secrets = events
    .flatMap(({ kind, sights }) => (kind === 'secret' ? sights.map(({ bytes }) => bytes) : []))
    .filter(({ length }) => length > 0);
  if (secrets.length === 0) return events;
  const index = indexOf(secrets);
  const texts = [...new Set(secrets.filter(({ length }) => length >= 4).flatMap(formsOf))].sort((a, b) => b.length - a.length);
  const clean = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return withoutRuns(value, index);
    if (typeof value === 'bigint') return cleanNumber(value, index);
    if (typeof value === 'string') return texts.reduce((text, form) => text.replaceAll(form, NOTHING), value);
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(inner)]));
  };
  return events.map(event => ({ ...event, data: clean(event.data), sights: clean(event.sights) }) as AnyEvent);
}

function indexOf(secrets: readonly Uint8Array[]): Index {
  const index = new Map<number, Uint8Array[]>();
  for (const secret of secrets) {
    const run = Math.min(RUN, secret.length);
    for (let at = 0; at + run <= secret.length; at++) {
      const window = secret.subarray(at, at + run);
      if (window.every(byte => byte === 0)) continue;
      const key = keyAt(window, 0);
      const known = index.get(key);
      if (known) known.push(window);
      else index.set(key, [window]);
    }
  }
  return index;
}

const keyAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) * 2 ** 24 + (bytes[at + 1] ?? 0) * 2 ** 16 + (bytes[at + 2] ?? 0) * 2 ** 8 + (bytes[at + 3] ?? 0)) >>> 0;

function withoutRuns(bytes: Uint8Array, index: Index): Uint8Array {
  let cleaned: Uint8Array | undefined;
  for (let at = 0; at < bytes.length; at++) {
    for (const window of index.get(keyAt(bytes, at)) ?? []) {
      if (!window.every((byte, i) => byte === bytes[at + i])) continue;
      cleaned ??= bytes.slice();
      cleaned.fill(0, at, at + window.length);
    }
  }
  return cleaned ?? bytes;
}

/** A register holds eight bytes, most significant first, or loaded from memory the other way round. */
function cleanNumber(value: bigint, index: Index): bigint {
  if (value < 0n || value >> 64n !== 0n) return value;
  const bytes = new Uint8Array(8);
  for (const littleEndian of [false, true]) {
    new DataView(bytes.buffer).setBigUint64(0, value, littleEndian);
    if (index.get(keyAt(bytes, 0))?.some(window => window.length === 8 && window.every((byte, i) => byte === bytes[i]))) return 0n;
  }
  return value;
}

/** How bytes are written in words: hexadecimal, base64, and as text when they are text. */
function formsOf(secret: Uint8Array): string[] {
  const buffer = Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength);
  const text = buffer.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(buffer) && /^[\p{L}\p{N}\p{P}\p{S}\p{Zs}]+\n?$/u.test(text);
  return [
    buffer.toString('hex'),
    buffer.toString('hex').toUpperCase(),
    buffer.toString('base64'),
    ...(isText ? [text, text.trimEnd()] : []),
  ];
}
