import { otherCommands } from '../tpm/index.ts';
import { commandCodes } from '../tpm/wire/index.ts';

const CODES: ReadonlySet<number> = new Set([...commandCodes.values(), ...otherCommands.keys()]);
/** TPMA_CC.V: the manufacturer's own commands (Part 2 §8.9). */
const VENDOR = 0x2000_0000;

export const isVendorCode = (code: number): boolean => (code & VENDOR) !== 0 && code >>> 16 === VENDOR >>> 16;
/** Whether a number is the code of a command: the standard's or a vendor's. */
export const isCommandCode = (code: number): boolean => CODES.has(code) || isVendorCode(code);
