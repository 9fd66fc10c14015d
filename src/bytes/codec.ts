import { hex, toHex } from './hex.ts';
import { type Fault, type FieldSeen, Reader } from './reader.ts';
import { Writer } from './writer.ts';

// biome-ignore lint/suspicious/noExplicitAny: inside the combinators a codec of anything is meant.
export type AnyCodec = Codec<any>;
export type Fields = Readonly<Record<string, AnyCodec>>;

/** What a codec is made of, for whoever walks declarations: generators of test values, documentation, printing. */
export type Shape =
  | { readonly kind: 'uint'; readonly bytes: 1 | 2 | 4 | 8 }
  | { readonly kind: 'enum'; readonly base: AnyCodec; readonly names: ReadonlyMap<number, string> }
  | { readonly kind: 'bits'; readonly base: AnyCodec; readonly names: Readonly<Record<string, number>>; readonly reserved: number }
  | { readonly kind: 'bytes'; readonly length?: number; readonly width?: 1 | 2 | 4; readonly max?: number }
  | { readonly kind: 'list'; readonly item: AnyCodec; readonly min?: number; readonly max?: number }
  | { readonly kind: 'sizedOf'; readonly inner: AnyCodec; readonly optional: boolean }
  | { readonly kind: 'struct'; readonly fields: Fields }
  | { readonly kind: 'tagged'; readonly head: Fields; readonly tag: string; readonly variants: Readonly<Record<number, Fields>> }
  | { readonly kind: 'opaque' };

/** A wire type as a value: it writes, it reads, it knows its name. Numbers are big-endian. */
export interface Codec<T> {
  readonly name: string;
  /** The clause that defines it. */
  readonly spec?: string;
  readonly shape: Shape;
  write(writer: Writer, value: T): void;
  read(reader: Reader): T;
  /** The value as a person reads it; only for types without inner fields. */
  show?(value: T): string;
}

/** The TypeScript type of a codec's values. */
export type Value<C> = C extends Codec<infer T> ? T : never;
type Flat<T> = { readonly [K in keyof T]: T[K] };
export type StructValue<F extends Fields> = Flat<{ [K in keyof F]: Value<F[K]> }>;

/** The bytes of a value. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new Writer();
  codec.write(writer, value);
  return writer.done();
}

/**
 * The value of bytes; all of them must be used.
 * @param onField is told every field as it is read: the one decoder serves trace and inspector too.
 * @param lacks values that are refused though the codec knows them (`Reader.lacks`).
 * @throws {DecodeError} with fault, path and first byte of the field at which decoding stopped.
 */
export function decode<T>(
  codec: Codec<T>,
  bytes: Uint8Array,
  onField?: (field: FieldSeen) => void,
  lacks?: ReadonlyMap<string, readonly number[]>,
): T {
  const reader = new Reader(bytes, onField, undefined, lacks);
  const value = codec.read(reader);
  if (reader.remaining > 0) reader.fail('trailing', `${reader.remaining} bytes left over after ${codec.name}`);
  return value;
}

/** Reads a field under its name and tells the listener. */
export function readField<T>(reader: Reader, name: string | number, codec: Codec<T>): T {
  return reader.at(name, () => {
    const offset = reader.offset;
    const value = codec.read(reader);
    if (reader.onField) {
      const text = codec.show?.(value);
      reader.onField({
        path: reader.path,
        type: codec.name,
        offset,
        length: reader.offset - offset,
        value,
        ...(text === undefined ? {} : { text }),
      });
    }
    return value;
  });
}

function uint(bytes: 1 | 2 | 4): Codec<number> {
  const digits = bytes * 2;
  return {
    name: `UINT${bytes * 8}`,
    shape: { kind: 'uint', bytes },
    write: (writer, value) => (bytes === 1 ? writer.u8(value) : bytes === 2 ? writer.u16(value) : writer.u32(value)),
    read: reader => (bytes === 1 ? reader.u8() : bytes === 2 ? reader.u16() : reader.u32()),
    show: value => (value < 10 ? String(value) : `${value} (${hex(value, digits)})`),
  };
}

export const UINT8 = uint(1);
export const UINT16 = uint(2);
export const UINT32 = uint(4);
export const UINT64: Codec<bigint> = {
  name: 'UINT64',
  shape: { kind: 'uint', bytes: 8 },
  write: (writer, value) => writer.u64(value),
  read: reader => reader.u64(),
  show: value => (value < 10n ? String(value) : `${value} (${hex(value, 16)})`),
};

/** The same encoding under a standard's name, with the values that have names shown by them. */
export function named(name: string, base: Codec<number>, names: Readonly<Record<string, number>> = {}): Codec<number> {
  const byValue = new Map(Object.entries(names).map(([key, value]) => [value, key]));
  const width = base.shape.kind === 'uint' ? base.shape.bytes * 2 : 8;
  return {
    name,
    shape: base.shape,
    write: base.write,
    read: base.read,
    show: value => (byValue.has(value) ? `${byValue.get(value)} (${hex(value, width)})` : hex(value, width)),
  };
}

/**
 * A number that must be one of the named values. `fault` is what a wrong one is called; `others` are names of values that are refused
 * here and allowed elsewhere.
 */
export function oneOf<const N extends Readonly<Record<string, number>>>(
  name: string,
  base: Codec<number>,
  names: N,
  fault: Fault = 'value',
  others: Readonly<Record<string, number>> = {},
): Codec<N[keyof N]> {
  const byValue = new Map<number, string>(Object.entries(names).map(([key, value]) => [value, key]));
  const otherNames = new Map(Object.entries(others).map(([key, value]) => [value, key]));
  const width = base.shape.kind === 'uint' ? base.shape.bytes * 2 : 8;
  return {
    name,
    shape: { kind: 'enum', base, names: byValue },
    write: (writer, value) => base.write(writer, value),
    read(reader) {
      const offset = reader.offset;
      const value = base.read(reader);
      if (!byValue.has(value) || reader.lacks?.get(name)?.includes(value))
        reader.refuse(fault, `${hex(value, width)} is no ${name}`, offset);
      return value as N[keyof N];
    },
    show(value) {
      const known = byValue.get(value) ?? otherNames.get(value);
      return known === undefined ? hex(value, width) : `${known} (${hex(value, width)})`;
    },
  };
}

/** A number whose bits have names. Unnamed bits are refused when `refuseReserved`, else kept. */
export function bits<const N extends Readonly<Record<string, number>>>(
  name: string,
  base: Codec<number>,
  names: N,
  { refuseReserved = false, spec }: { refuseReserved?: boolean; spec?: string } = {},
): Codec<number> & { readonly bit: N } {
  const known = Object.values(names).reduce((all, bit) => (all | bit) >>> 0, 0);
  const width = base.shape.kind === 'uint' ? base.shape.bytes * 2 : 8;
  return {
    name,
    ...(spec ? { spec } : {}),
    bit: names,
    shape: { kind: 'bits', base, names, reserved: refuseReserved ? ~known >>> 0 : 0 },
    write: (writer, value) => base.write(writer, value),
    read(reader) {
      const offset = reader.offset;
      const value = base.read(reader);
      const lacking = reader.lacks?.get(name)?.reduce((all, bit) => all | bit, 0) ?? 0;
      if (refuseReserved && (value & ~(known & ~lacking)) !== 0) {
        reader.refuse('reserved', `${hex(value, width)} has reserved bits of ${name} set`, offset);
      }
      return value;
    },
    show(value) {
      const set = Object.entries(names).filter(([, bit]) => (value & bit) !== 0 && (value & bit) >>> 0 === bit >>> 0);
      return `${hex(value, width)}${set.length ? ` ${set.map(([key]) => key).join('|')}` : ''}`;
    },
  };
}

/** Exactly `length` bytes. */
export function fixed(name: string, length: number): Codec<Uint8Array> {
  return {
    name,
    shape: { kind: 'bytes', length },
    write: (writer, value) => {
      if (value.length !== length) throw new RangeError(`${name} takes ${length} bytes, not ${value.length}`);
      writer.raw(value);
    },
    read: reader => reader.take(length),
    show: toHex,
  };
}

/** A byte string behind its length (a UINT16 unless told otherwise). Longer than `max` bytes is fault `size`. */
export function sized(name: string, { max, width = 2, spec }: { max?: number; width?: 1 | 2 | 4; spec?: string } = {}): Codec<Uint8Array> {
  return {
    name,
    ...(spec ? { spec } : {}),
    shape: { kind: 'bytes', width, ...(max === undefined ? {} : { max }) },
    write: (writer, value) => writer.sized(width, () => writer.raw(value)),
    read(reader) {
      const offset = reader.offset;
      const size = width === 1 ? reader.u8() : width === 2 ? reader.u16() : reader.u32();
      if (max !== undefined && size > max) reader.refuse('size', `${size} bytes, at most ${max}`, offset);
      return reader.take(size);
    },
    show: value => `${value.length} bytes${value.length ? ` ${toHex(value)}` : ''}`,
  };
}

/** Reads a structure behind its length. It may run past that length: the bytes are looked at first, the length afterwards. */
function readSized<T>(reader: Reader, size: number, inner: Codec<T>): T {
  const start = reader.offset;
  const value = readField(reader, inner.name, inner);
  const used = reader.offset - start;
  if (used !== size) reader.fail('size', `${inner.name} has ${used} bytes, its length field says ${size}`, start - 2);
  return value;
}

/** A structure behind its length in a UINT16 (TPM2B of a structure). Contents of another length are fault `size`. */
export function sizedOf<T>(name: string, inner: Codec<T>): Codec<T> {
  return {
    name,
    shape: { kind: 'sizedOf', inner, optional: false },
    write: (writer, value) => writer.sized(2, () => inner.write(writer, value)),
    read(reader) {
      const size = reader.u16();
      if (size === 0) {
        reader.refuse('size', `an empty ${name}`, reader.offset - 2);
        return null as T; // of a reader that is told of refusals nobody takes the value
      }
      return readSized(reader, size, inner);
    },
  };
}

/** Like {@link sizedOf}, but size 0 is allowed and means `null`. */
export function sizedOrEmpty<T>(name: string, inner: Codec<T>): Codec<T | null> {
  return {
    name,
    shape: { kind: 'sizedOf', inner, optional: true },
    write: (writer, value) => writer.sized(2, () => value !== null && inner.write(writer, value)),
    read(reader) {
      const size = reader.u16();
      return size === 0 ? null : readSized(reader, size, inner);
    },
  };
}

/** A UINT32 count (or another width) and that many items. More than `max` or fewer than `min` is fault `size`. */
export function list<T>(
  name: string,
  item: Codec<T>,
  { min, max, count = UINT32, spec }: { min?: number; max?: number; count?: Codec<number>; spec?: string } = {},
): Codec<readonly T[]> {
  return {
    name,
    ...(spec ? { spec } : {}),
    shape: { kind: 'list', item, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) },
    write(writer, values) {
      count.write(writer, values.length);
      for (const value of values) item.write(writer, value);
    },
    read(reader) {
      const offset = reader.offset;
      const length = readField(reader, 'count', count);
      if (max !== undefined && length > max) reader.refuse('size', `${length} items, at most ${max}`, offset);
      if (min !== undefined && length < min) reader.refuse('size', `${length} items, at least ${min}`, offset);
      const values: T[] = [];
      for (let i = 0; i < length; i++) values.push(readField(reader, i, item));
      return values;
    },
  };
}

type Entries = readonly (readonly [string, AnyCodec])[];
const entriesOf = (fields: Fields | undefined): Entries | undefined => fields && Object.entries(fields);

function writeFields(writer: Writer, fields: Entries, value: Readonly<Record<string, unknown>>): void {
  for (const [key, codec] of fields) codec.write(writer, value[key]);
}

function readFields(reader: Reader, fields: Entries, into: Record<string, unknown>): void {
  for (const [key, codec] of fields) into[key] = readField(reader, key, codec);
}

/** Fields one after the other. */
export function struct<const F extends Fields>(name: string, spec: string, fields: F): Codec<StructValue<F>> {
  const entries = Object.entries(fields);
  return {
    name,
    spec,
    shape: { kind: 'struct', fields },
    write: (writer, value) => writeFields(writer, entries, value),
    read(reader) {
      const value: Record<string, unknown> = {};
      readFields(reader, entries, value);
      return value as StructValue<F>;
    },
  };
}

export type TaggedValue<F extends Fields, K extends keyof F & string, V extends Readonly<Record<number, Fields>>> = {
  [T in keyof V & number]: Flat<{ [P in K]: T } & StructValue<Omit<F, K>> & StructValue<V[T]>>;
}[keyof V & number];

/**
 * Fields of which one (`tag`) selects what follows them. The codec of the tag decides which tags are known; one that it knows
 * but that has no variant is fault `selector`. `elsewhere` has the variants of other implementations, for readers that take them;
 * `unknown` is what stands behind any other tag.
 */
export function tagged<const F extends Fields, K extends keyof F & string, const V extends Readonly<Record<number, Fields>>>(
  name: string,
  spec: string,
  head: F,
  tag: K,
  variants: V,
  { elsewhere = {}, unknown }: { elsewhere?: Readonly<Record<number, Fields>>; unknown?: Fields } = {},
): Codec<TaggedValue<F, K, V>> {
  const headEntries = Object.entries(head);
  const variantEntries = new Map(Object.entries(variants).map(([key, fields]) => [Number(key), Object.entries(fields)]));
  return {
    name,
    spec,
    shape: { kind: 'tagged', head, tag, variants },
    write(writer, value) {
      const record = value as Readonly<Record<string, unknown>>;
      const variant = variantEntries.get(record[tag] as number);
      if (!variant) throw new RangeError(`${name} has no variant ${String(record[tag])}`);
      writeFields(writer, headEntries, record);
      writeFields(writer, variant, record);
    },
    read(reader) {
      const value: Record<string, unknown> = {};
      readFields(reader, headEntries, value);
      const selected = value[tag] as number;
      const variant = variantEntries.get(selected) ?? (reader.onRefusal ? entriesOf(elsewhere[selected] ?? unknown) : undefined);
      if (!variant) return reader.fail('selector', `${name} has no variant ${hex(selected)}`);
      readFields(reader, variant, value);
      return value as TaggedValue<F, K, V>;
    },
  };
}

/** Everything up to the end: what a manufacturer puts there. */
export const REST: Codec<Uint8Array> = {
  name: 'bytes',
  shape: { kind: 'opaque' },
  write: (writer, value) => writer.raw(value),
  read: reader => reader.rest(),
  show: value => `${value.length} bytes${value.length ? ` ${toHex(value)}` : ''}`,
};

/** Nothing at all: a variant or parameter area without fields. */
export const EMPTY = struct('EMPTY', '', {});
