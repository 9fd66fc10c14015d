import { z } from 'zod';
import type { KeyPath } from './problem.ts';

/** Visits each value together with the schema that it was checked against, outer before inner. */
export function walk(
  schema: z.ZodType,
  value: unknown,
  visit: (schema: z.ZodType, value: unknown, path: KeyPath) => void,
  path: KeyPath = [],
): void {
  visit(schema, value, path);
  for (const inner of branches(schema, value)) {
    if (inner instanceof z.ZodObject) {
      for (const [key, field] of Object.entries(inner.shape)) {
        const member = (value as Readonly<Record<string, unknown>> | null)?.[key];
        if (member !== undefined) walk(field as z.ZodType, member, visit, [...path, key]);
      }
    } else if (inner instanceof z.ZodArray && Array.isArray(value)) {
      value.forEach((item, i) => walk(inner.element as z.ZodType, item, visit, [...path, i]));
    } else if (inner !== schema) walk(inner, value, visit, path);
  }
}

/** The keys that a mapping may have at a place, as far as the schema and the value there tell. */
export function keysAt(schema: z.ZodType, value: unknown, path: KeyPath): readonly string[] {
  const [step, ...rest] = path;
  const keys = new Set<string>();
  for (const inner of branches(schema, value)) {
    if (inner instanceof z.ZodObject) {
      const shape = inner.shape as Readonly<Record<string, z.ZodType>>;
      const field = step === undefined ? undefined : shape[String(step)];
      if (step === undefined) for (const key of Object.keys(shape)) keys.add(key);
      else if (field) for (const key of keysAt(field, (value as Readonly<Record<string, unknown>>)?.[step], rest)) keys.add(key);
    } else if (inner instanceof z.ZodArray && typeof step === 'number') {
      for (const key of keysAt(inner.element as z.ZodType, (value as readonly unknown[])?.[step], rest)) keys.add(key);
    } else if (inner !== schema) for (const key of keysAt(inner, value, path)) keys.add(key);
  }
  return [...keys];
}

/** The schema without its wrapping; of a union, the members that can be meant by the value. */
function branches(schema: z.ZodType, value: unknown): readonly z.ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return [schema.unwrap() as z.ZodType];
  if (!(schema instanceof z.ZodUnion)) return [schema];
  const options = schema.options as readonly z.ZodType[];
  const fitting = options.filter(option => option.safeParse(value).success);
  if (fitting.length > 0) return fitting;
  return schema instanceof z.ZodDiscriminatedUnion ? options.filter(option => hasTag(option, schema.def.discriminator, value)) : options;
}

function hasTag(option: z.ZodType, tag: string, value: unknown): boolean {
  if (!(option instanceof z.ZodObject)) return false;
  const field = option.shape[tag] as z.ZodType | undefined;
  return field?.safeParse((value as Readonly<Record<string, unknown>> | null)?.[tag]).success ?? false;
}
