import fc, { type Arbitrary } from 'fast-check';
import type { AnyCodec, Codec, Fields } from '../../src/bytes/index.ts';

const MOST_BYTES = 40;
const MOST_ITEMS = 4;

/**
 * Values of a codec, made from its declaration: all that it can write and will read again. Types whose values are ranges
 * (handles) say so with `ranges`.
 */
export function valuesOf<T>(codec: Codec<T>): Arbitrary<T> {
  return arbitraryOf(codec) as Arbitrary<T>;
}

function arbitraryOf(codec: AnyCodec): Arbitrary<unknown> {
  const { shape } = codec;
  switch (shape.kind) {
    case 'uint':
      if (codec.name === 'INT32') return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
      return shape.bytes === 8
        ? fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
        : fc.integer({ min: 0, max: maxOf(codec, 2 ** (8 * shape.bytes) - 1) });
    case 'enum':
      return fc.constantFrom(...shape.names.keys());
    case 'bits': {
      const named = fc.subarray(Object.values(shape.names)).map(set => set.reduce((all, bit) => (all | bit) >>> 0, 0));
      return named;
    }
    case 'bytes': {
      const length = shape.length === undefined ? {} : { minLength: shape.length, maxLength: shape.length };
      return fc.uint8Array({ maxLength: Math.min(shape.max ?? MOST_BYTES, MOST_BYTES), ...length }).map(bytes => Uint8Array.from(bytes));
    }
    case 'list':
      return fc.array(arbitraryOf(shape.item), {
        minLength: shape.min ?? 0,
        maxLength: Math.max(shape.min ?? 0, Math.min(shape.max ?? MOST_ITEMS, MOST_ITEMS)),
      });
    case 'sizedOf':
      return shape.optional ? fc.option(arbitraryOf(shape.inner), { nil: null }) : arbitraryOf(shape.inner);
    case 'struct':
      return fieldsOf(shape.fields);
    case 'tagged':
      return fc.oneof(
        ...Object.entries(shape.variants).map(([tag, fields]) =>
          fieldsOf({ ...shape.head, ...fields }).map(value => ({ ...(value as object), [shape.tag]: Number(tag) })),
        ),
      );
    case 'opaque': {
      const ranges = (codec as { ranges?: readonly (readonly [number, number])[] }).ranges;
      if (!ranges) throw new RangeError(`${codec.name} does not say what its values are`);
      return fc.oneof(...ranges.map(([min, max]) => fc.integer({ min, max })));
    }
  }
}

const fieldsOf = (fields: Fields): Arbitrary<unknown> =>
  fc.record(Object.fromEntries(Object.entries(fields).map(([name, codec]) => [name, arbitraryOf(codec)])));

/** A number with a limit of its own (`max`). */
const maxOf = (codec: AnyCodec, widest: number): number => (codec as { max?: number }).max ?? widest;
