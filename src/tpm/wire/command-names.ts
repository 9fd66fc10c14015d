import { hex } from '../../bytes/index.ts';
import { TPM_CC } from './constants.ts';

/** Codes of the commands that the standard has, by name, such as `TPM2_GetRandom`. */
export const commandCodes: ReadonlyMap<string, number> = new Map(Object.entries(TPM_CC).map(([name, code]) => [`TPM2_${name}`, code]));
const names: ReadonlyMap<number, string> = new Map([...commandCodes].map(([name, code]) => [code, name]));

/** The name of a command's code; the number when the standard has none. */
export const commandName = (code: number, digits?: number): string => names.get(code) ?? hex(code, digits);
