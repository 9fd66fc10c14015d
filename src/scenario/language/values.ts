import { z } from 'zod';
import { fromHex, utf8 } from '../../bytes/index.ts';

const UNITS: Readonly<Record<string, bigint>> = { B: 1n, KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n, TiB: 1n << 40n };

/** A list that zod takes as the choices of an enumeration or union. */
export function choices<T>(list: Iterable<T>): [T, ...T[]] {
  const [first, ...rest] = list;
  if (first === undefined) throw new RangeError('there is nothing to choose from');
  return [first, ...rest];
}

const PATHS = new WeakSet<z.ZodType>();

/** A path, relative to the scenario's own folder. The loader reads whatever file stands behind one. */
export function path(what: string): z.ZodString {
  const schema = z.string().min(1).describe(`${what} A path, relative to the folder of this file.`);
  PATHS.add(schema);
  return schema;
}

export const isPath = (schema: z.ZodType): boolean => PATHS.has(schema);

/** `512 MiB`, or a number of bytes. */
export const SIZE = z.union([
  z.string().regex(/^\d+ *(B|KiB|MiB|GiB|TiB)$/, 'is no size: write a whole number and B, KiB, MiB, GiB or TiB, as in "512 MiB"'),
  z.int().positive(),
]);

/** Bytes of a {@link SIZE}. */
export function sizeInBytes(size: z.infer<typeof SIZE>): bigint {
  if (typeof size === 'number') return BigInt(size);
  const [, digits = '0', unit = 'B'] = /^(\d+) *([KMGT]?i?B)$/.exec(size) ?? [];
  return BigInt(digits) * (UNITS[unit] ?? 1n);
}

/** A name that other parts of the scenario refer to. */
export const NAME = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9._-]*$/, 'is no name: it begins with a letter, then letters, digits, ".", "_" and "-"');

export const HEX = z.string().regex(/^([0-9a-fA-F]{2}[ _]?)*$/, 'is no hexadecimal: write pairs of the digits 0-9 and a-f');

/** Contents given in place, or in a file. */
export const CONTENTS = z.union([
  z.strictObject({ text: z.string().describe('The contents as text (UTF-8, no newline is added).') }),
  z.strictObject({ hex: HEX.describe('The contents as hexadecimal digits.') }),
  z.strictObject({ file: path('A file that holds the contents.') }),
  z.strictObject({ step: z.string().describe('What an earlier step of this name read.') }),
]);
export type Contents = z.infer<typeof CONTENTS>;

/** The bytes of a {@link CONTENTS}; `file` answers for files that the loader has read. */
export function bytesOf(contents: Contents, file: (path: string) => Uint8Array): Uint8Array {
  if ('text' in contents) return utf8(contents.text);
  if ('hex' in contents) return fromHex(contents.hex);
  return 'file' in contents ? file(contents.file) : new Uint8Array(0); // of a step: whoever runs knows
}
