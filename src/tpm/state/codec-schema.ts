import { z } from 'zod';
import type { AnyCodec, Codec, Fields } from '../../bytes/index.ts';

// What a codec's values are, as a schema: a structure that lies in a state is checked by the declaration that reads it from the wire.

/** Bytes between two lengths; a length alone means exactly so many. */
export const bytesOf = (least: number, most = least): z.ZodType<Uint8Array> =>
  z
    .instanceof(Uint8Array, { error: 'is no bytes' })
    .refine(({ length }) => length >= least && length <= most, `is not of ${least === most ? least : `${least} to ${most}`} bytes`);

export const uint = (bits: number): z.ZodType<number> =>
  z
    .int()
    .min(0)
    .max(2 ** bits - 1);
export const biguint = (bits: number): z.ZodType<bigint> =>
  z
    .bigint()
    .min(0n)
    .max(2n ** BigInt(bits) - 1n);

/** The schema of all that a codec can read. */
export function schemaOf<T>(codec: Codec<T>): z.ZodType<T> {
  return schemaOfAny(codec) as z.ZodType<T>;
}

function schemaOfAny(codec: AnyCodec): z.ZodType {
  const { shape } = codec;
  switch (shape.kind) {
    case 'uint':
      return shape.bytes === 8 ? biguint(64) : uintWithin(codec, shape.bytes * 8);
    case 'enum':
      return z.literal([...shape.names.keys()], { error: `is no ${codec.name}` });
    case 'bits':
      return schemaOfAny(shape.base).refine(value => (Number(value) & shape.reserved) === 0, `has reserved bits of ${codec.name} set`);
    case 'bytes':
      return shape.length === undefined ? bytesOf(0, shape.max ?? 2 ** (8 * (shape.width ?? 2)) - 1) : bytesOf(shape.length);
    case 'list':
      return z
        .array(schemaOfAny(shape.item))
        .min(shape.min ?? 0)
        .max(shape.max ?? 2 ** 16 - 1);
    case 'sizedOf':
      return shape.optional ? schemaOfAny(shape.inner).nullable() : schemaOfAny(shape.inner);
    case 'struct':
      return z.strictObject(schemasOf(shape.fields));
    case 'tagged': {
      const variants = Object.entries(shape.variants).map(([tag, fields]) =>
        z.strictObject({ ...schemasOf(shape.head), ...schemasOf(fields), [shape.tag]: z.literal(Number(tag)) }),
      );
      // The tag's own codec may know fewer values than there are variants.
      return z
        .discriminatedUnion(shape.tag, variants as [z.ZodObject, ...z.ZodObject[]])
        .refine(value => schemaOfAny(shape.head[shape.tag] as AnyCodec).safeParse(value[shape.tag]).success, {
          path: [shape.tag],
          message: `is no ${shape.head[shape.tag]?.name}`,
        });
    }
    case 'opaque':
      return opaque(codec);
  }
}

const schemasOf = (fields: Fields): Record<string, z.ZodType> =>
  Object.fromEntries(Object.entries(fields).map(([name, codec]) => [name, schemaOfAny(codec)]));

const uintWithin = (codec: AnyCodec, bits: number): z.ZodType =>
  z
    .int()
    .min(0)
    .max('max' in codec && typeof codec.max === 'number' ? codec.max : 2 ** bits - 1);

/** Handles: their codecs name the ranges. */
function opaque(codec: AnyCodec): z.ZodType {
  if (!('ranges' in codec)) throw new RangeError(`${codec.name} does not say what its values are`);
  const ranges = codec.ranges as readonly (readonly [number, number])[];
  return uint(32).refine(value => ranges.some(([first, last]) => value >= first && value <= last), `is no ${codec.name}`);
}
