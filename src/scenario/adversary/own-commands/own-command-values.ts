import { type AnyCodec, type Fields, fromHex } from '../../../bytes/index.ts';
import { nearest } from '../../../sim/index.ts';
import { HEX } from '../../language/values.ts';

/** `: did you mean "x"?`, or nothing. */
export const meant = (word: string, known: readonly string[]): string => {
  const close = nearest(word, known);
  return close === undefined ? '' : `: did you mean "${close}"?`;
};

/**
 * Values for a structure's fields from what the scenario writes.
 * @throws {RangeError} that says what is wrong, in words for whoever wrote it.
 */
export function record(path: string, fields: Fields, given: unknown): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new RangeError(`${path} is a mapping`);
  const values = given as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(values))
    if (!(key in fields)) throw new RangeError(`${path} has no field "${key}"${meant(key, Object.keys(fields))}`);
  return Object.fromEntries(Object.entries(fields).map(([key, codec]) => [key, valueFor(`${path}.${key}`, codec, values[key])]));
}

function valueFor(path: string, codec: AnyCodec, given: unknown): unknown {
  const { shape } = codec;
  switch (shape.kind) {
    case 'uint':
    case 'bits':
      return shape.kind === 'uint' && shape.bytes === 8 ? BigInt(number(path, given)) : number(path, given);
    case 'enum': {
      const found = [...shape.names].find(([value, name]) => name === given || value === given);
      if (found) return found[0];
      throw new RangeError(`${path} is one of ${[...shape.names.values()].join(', ')}`);
    }
    case 'bytes':
      if (given === undefined) return new Uint8Array(shape.length ?? 0);
      if (typeof given === 'string' && HEX.safeParse(given).success) return fromHex(given);
      throw new RangeError(`${path} is written in hexadecimal`);
    case 'list':
      if (!Array.isArray(given)) throw new RangeError(`${path} is a list`);
      return given.map((item, i) => valueFor(`${path}[${i}]`, shape.item, item));
    case 'sizedOf':
      return given === undefined && shape.optional ? null : valueFor(path, shape.inner, given);
    case 'struct':
      return record(path, shape.fields, given ?? {});
    case 'tagged': {
      const values = (given ?? {}) as Readonly<Record<string, unknown>>;
      const tag = valueFor(`${path}.${shape.tag}`, shape.head[shape.tag] as AnyCodec, values[shape.tag]) as number;
      return record(path, { ...shape.head, ...shape.variants[tag] }, values);
    }
    default:
      throw new RangeError(`${path} cannot be written in a scenario`);
  }
}

function number(path: string, given: unknown): number {
  const value = typeof given === 'string' && given !== '' ? Number(given) : given;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new RangeError(given === undefined ? `${path} is missing` : `${path} is a whole number`);
}
