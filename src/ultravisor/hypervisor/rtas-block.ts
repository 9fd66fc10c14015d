import { cells } from '../../svm/format/index.ts';

export const H_RTAS = 0xf000;
/** Fixed, whatever the tree says (open-power/ultravisor svm/svm-rtas.c RTAS_IBM_OS_TERM). */
export const IBM_OS_TERM = 0x201f;

/** The block that r4 of H_RTAS points to: token, number of arguments and of results, then these; 32-bit cells. */
export const rtasBlock = (token: number, args: readonly number[], results: number): Uint8Array =>
  cells(token, args.length, results, ...args, ...new Array<number>(results).fill(0));
