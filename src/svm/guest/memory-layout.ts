import { PAGE_BYTES } from '../../hcall/index.ts';

/** Not 0: the Ultravisor takes kbase 0 for an invalid argument (docs/reference/pef.md#entry-checks-of-uv_esm). */
const KERNEL_GPA = 0x0200_0000n;
/** Real mode reaches no higher on pseries (Linux arch/powerpc/kernel/prom_init.c: rmo_top). */
const RMO_LIMIT = 0x3000_0000n;
/** What Linux sets aside for RTAS: a page of its own, the last below {@link RMO_LIMIT}. */
export const RTAS_AREA_BYTES = PAGE_BYTES;

/** Where the pieces lie in guest memory; each begins a 64 KiB page of its own. */
export interface Layout {
  readonly rtas: bigint;
  readonly kernel: bigint;
  readonly initrd: bigint;
  /** The ESM blob, when the boot wrapper carries it. */
  readonly esmBlob: bigint | null;
  readonly fdt: bigint;
}

/** What has to be placed; sizes in bytes. */
export interface Loaded {
  readonly ramBytes: bigint;
  readonly kernel: number;
  readonly initrd: number;
  readonly esmBlob: number | null;
  readonly kernelGpa?: bigint | undefined;
}

/** Where a tree says that something lies. */
export type Places = Partial<Pick<Layout, 'kernel' | 'initrd' | 'rtas'>>;

export const alignUp = (gpa: bigint): bigint => (gpa + BigInt(PAGE_BYTES - 1)) & ~BigInt(PAGE_BYTES - 1);

export function layOut({ ramBytes, ...sizes }: Loaded, places: Places = {}): Layout {
  const kernel = sizes.kernelGpa ?? places.kernel ?? KERNEL_GPA;
  const initrd = places.initrd ?? alignUp(kernel + BigInt(sizes.kernel));
  const afterInitrd = alignUp(initrd + BigInt(sizes.initrd));
  const esmBlob = sizes.esmBlob === null ? null : afterInitrd;
  const fdt = esmBlob === null ? afterInitrd : alignUp(esmBlob + BigInt(sizes.esmBlob ?? 0));
  const rmoTop = ramBytes < RMO_LIMIT ? ramBytes : RMO_LIMIT;
  return { rtas: places.rtas ?? rmoTop - BigInt(RTAS_AREA_BYTES), kernel, initrd, esmBlob, fdt };
}

/** What Linux claims for the tree while it flattens it (prom_init.c DEVTREE_CHUNK_SIZE). */
const TREE_CHUNK_BYTES = 0x10_0000n;

/** Where the kernel keeps pages for its drivers: behind the tree, far from what firmware keeps at the top. */
export const driverPages = ({ fdt }: Layout): bigint => fdt + TREE_CHUNK_BYTES;
