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

export function rtasHeaderOf(block: Uint8Array): RtasHeader {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  return { token: view.getUint32(0), nargs: view.getUint32(4), nret: view.getUint32(8) };
}

/** Where the results stand in the block. */
export const rtasResultsAt = (nargs: number): number => RTAS_HEADER_BYTES + 4 * nargs;

export const rtasBytes = ({ nargs, nret }: RtasHeader): number => rtasResultsAt(nargs) + 4 * nret;

/** RTAS tokens of QEMU (include/hw/ppc/spapr.h RTAS_*) that have a meaning here. */
export const RTAS_TOKEN = {
  DISPLAY_CHARACTER: 0x2000,
  GET_TIME_OF_DAY: 0x2001,
  POWER_OFF: 0x2003,
  SYSTEM_REBOOT: 0x2004,
  /** The Ultravisor takes it as fixed, whatever the tree says (open-power/ultravisor svm/svm-rtas.c RTAS_IBM_OS_TERM). */
  IBM_OS_TERM: 0x201f,
} as const;
