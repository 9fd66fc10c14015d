import { FDT_ERR, FDT_ERR_MEANING, H, H_MEANING, U, U_MEANING } from '../../spec/index.ts';

const numbers = new Map<string, number>([
  ...Object.entries(U).map(([name, code]): [string, number] => [`U_${name}`, code]),
  ...Object.entries(H).map(([name, code]): [string, number] => [`H_${name}`, code]),
  ...Object.entries(FDT_ERR).map(([name, code]): [string, number] => [`FDT_ERR_${name}`, code]),
]);
const meanings = new Map<string, string>([
  ...Object.entries(U_MEANING).map(([name, text]): [string, string] => [`U_${name}`, text]),
  ...Object.entries(H_MEANING).map(([name, text]): [string, string] => [`H_${name}`, text]),
  ...Object.entries(FDT_ERR_MEANING).map(([name, text]): [string, string] => [`FDT_ERR_${name}`, text]),
]);

/** Every result of an ultracall or a hypercall, by name; those of libfdt, which a reader of files gets, too. */
export const codeNames: readonly string[] = [...numbers.keys()];

/** The number of a name. Ultracalls and hypercalls share most of them, and a guest sees the number only. */
export const codeOf = (name: string): number | undefined => numbers.get(name);

/** What a code says in general. */
export const meaningOf = (name: string): string | undefined => meanings.get(name);

/** `U_P3 (-56): parameter 3 is not valid`. */
export function showCode(name: string | undefined, r3: bigint): string {
  if (name === undefined) return `${r3}`;
  const meaning = meaningOf(name);
  return `${name} (${r3})${meaning ? `: ${meaning}` : ''}`;
}
