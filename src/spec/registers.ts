import { hex } from '../bytes/index.ts';

/** All 64 bits of a register. */
export const u64 = (value: bigint | number): bigint => BigInt.asUintN(64, BigInt(value));
/** A register as a signed number: return codes are negative. */
export const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);

/** Who has general purpose registers: a vCPU. */
export interface RegisterFile {
  /** r<n> */
  get(n: number): bigint;
  set(n: number, value: bigint | number): void;
}

/** What a register holds: a unit (`gpa`, `bytes`, `lpid`), or the values it may have, by name. */
export interface RegisterUse {
  readonly register: number;
  readonly unit: string;
  readonly values?: Readonly<Record<string, number>>;
}

/** Declares the use of r<n>. */
export function r(register: number, use: string | Readonly<Record<string, number>>): RegisterUse {
  return typeof use === 'string' ? { register, unit: use } : { register, unit: Object.keys(use).join(' | '), values: use };
}

export type RegisterUses = Readonly<Record<string, RegisterUse>>;
export type Named<U extends RegisterUses> = { readonly [K in keyof U]: bigint };

/** The declared registers by their names. */
export function readRegisters<U extends RegisterUses>(vcpu: Pick<RegisterFile, 'get'>, uses: U): Named<U> {
  const values: Record<string, bigint> = {};
  for (const name in uses) values[name] = vcpu.get((uses[name] as RegisterUse).register);
  return values as Named<U>;
}

/** Up to 8 characters, the most significant byte first, zero padded. */
function textOf(value: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? 8 : end);
}

/** A value as a person reads it in its unit. */
export function showRegister(use: RegisterUse, value: bigint): string {
  for (const [name, number] of Object.entries(use.values ?? {})) if (BigInt(number) === value) return name;
  if (/gpa|gfn|ra|address|flags|cookie|spr|handle/.test(use.unit)) return hex(value);
  if (use.unit === 'text') return JSON.stringify(textOf(value));
  const signed = s64(value);
  return `${signed}${use.unit === 'bytes' ? ' bytes' : ''}`;
}

/** A table of calls by number; a number or name that is used twice is refused at start-up. */
export function tableOf<C extends { readonly number: number; readonly name: string }>(
  calls: Readonly<Record<string, C>>,
): ReadonlyMap<number, C> {
  const table = new Map<number, C>();
  // By number: in which order a module gives its exports is up to who loads it.
  for (const call of Object.values(calls).toSorted((a, b) => a.number - b.number)) {
    const other = table.get(call.number);
    if (other) throw new RangeError(`${call.name} and ${other.name} both have number ${hex(call.number)}`);
    table.set(call.number, call);
  }
  return table;
}
