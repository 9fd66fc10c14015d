import { z } from 'zod';

const NUMBER = z.union([z.int(), z.string().regex(/^-?(0x[0-9a-fA-F]+|\d+)$/, 'is no number: write 4096 or 0x1000')]);

/** Arguments of a hypercall or ultracall, as a scenario writes them. */
export const ARGS = z
  .record(z.string(), NUMBER)
  .optional()
  .describe('Arguments by their names, or registers as `r4`. What is left out is 0, or what goes without saying.');

export interface Declared {
  readonly number: number;
  readonly in: Readonly<Record<string, { readonly register: number; readonly values?: Readonly<Record<string, number>> }>>;
}

/** Registers from r3 on. */
export function registersOf(
  call: Declared | undefined,
  number: number,
  args: Readonly<Record<string, string | number | bigint>> | undefined,
): Map<number, bigint> {
  const registers = new Map([[3, BigInt(number)]]);
  for (const { register } of Object.values(call?.in ?? {})) registers.set(register, 0n);
  for (const [name, value] of Object.entries(args ?? {})) {
    const register = call?.in[name]?.register ?? Number(/^r(\d+)$/.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isNaN(register)) registers.set(register, BigInt(value));
  }
  return registers;
}
