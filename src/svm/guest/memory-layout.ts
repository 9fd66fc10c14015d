import { PAGE_BYTES } from '../../hcall/index.ts';

const RTAS_GPA = 0x0100_0000n;
/** Not 0: the Ultravisor takes kbase 0 for an invalid argument (docs/reference/pef.md#entry-checks-of-uv_esm). */
const KERNEL_GPA = 0x0200_0000n;
/** Room behind the tree for the memory reservations that the Ultravisor adds. */
export const TREE_ROOM = 4096;

/** Where the pieces lie in guest memory; each begins a 64 KiB page of its own. */
export interface Layout {
  readonly rtas: bigint;
  readonly kernel: bigint;
  readonly initrd: bigint;
  /** The ESM blob, when the boot wrapper carries it. */
  readonly esmBlob: bigint | null;
  readonly fdt: bigint;
}

const alignUp = (gpa: bigint): bigint => (gpa + BigInt(PAGE_BYTES - 1)) & ~BigInt(PAGE_BYTES - 1);

export function layOut(sizes: { kernel: number; initrd: number; esmBlob: number | null; kernelGpa?: bigint }): Layout {
  const kernel = sizes.kernelGpa ?? KERNEL_GPA;
  const initrd = alignUp(kernel + BigInt(sizes.kernel));
  const afterInitrd = alignUp(initrd + BigInt(sizes.initrd));
  const esmBlob = sizes.esmBlob === null ? null : afterInitrd;
  const fdt = esmBlob === null ? afterInitrd : alignUp(esmBlob + BigInt(sizes.esmBlob ?? 0));
  return { rtas: RTAS_GPA, kernel, initrd, esmBlob, fdt };
}
