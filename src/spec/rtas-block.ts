import { getU32, setU32 } from '../bytes/index.ts';

/**
 * The block that r4 of H_RTAS points to: token, number of arguments and of results, then these, each a cell of 32 bits
 * (PAPR; Linux arch/powerpc/include/asm/rtas-types.h struct rtas_args).
 */
export const RTAS_HEADER_BYTES = 12;
/** Arguments and results together. */
export const RTAS_MOST_CELLS = 16;

export interface RtasHeader {
  readonly token: number;
  readonly nargs: number;
  readonly nret: number;
}

export const rtasHeaderOf = (block: Uint8Array): RtasHeader => ({
  token: getU32(block, 0),
  nargs: getU32(block, 4),
  nret: getU32(block, 8),
});

/** Where the results stand in the block. */
export const rtasResultsAt = (nargs: number): number => RTAS_HEADER_BYTES + 4 * nargs;

/** A block that asks for a service, with room for its results. */
export function rtasBlock(token: number, args: readonly number[], results: number): Uint8Array {
  const cells = [token, args.length, results, ...args];
  const block = new Uint8Array(rtasResultsAt(args.length) + 4 * results);
  for (const [i, cell] of cells.entries()) setU32(block, 4 * i, cell);
  return block;
}

/** RTAS tokens of QEMU (include/hw/ppc/spapr.h RTAS_*) that have a meaning here. */
export const RTAS_TOKEN = {
  DISPLAY_CHARACTER: 0x2000,
  GET_TIME_OF_DAY: 0x2001,
  POWER_OFF: 0x2003,
  SYSTEM_REBOOT: 0x2004,
  /** The Ultravisor takes it as fixed, whatever the tree says (open-power/ultravisor svm/svm-rtas.c RTAS_IBM_OS_TERM). */
  IBM_OS_TERM: 0x201f,
} as const;
