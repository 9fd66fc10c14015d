import { DecodeError, decode, encode } from '../../bytes/index.ts';
import { U } from '../../spec/index.ts';
import { FDT_HEADER, FDT_HEADER_BYTES, FDT_MAGIC, type Fdt, findEsmBlob, readFdt } from '../../svm/format/index.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { fetch, readSvm } from '../memory/svm-memory.ts';
import { EsmRefused } from './esm-refused.ts';
import { fetched, type GuestTree, type Range, refuse } from './guest-tree.ts';

const SOURCE = 'open-power/ultravisor svm/svm-esm.c';

/** The blob, and where the measured part of the initrd begins. */
export interface FoundBlob {
  readonly blob: Fdt;
  readonly initrd: Range;
}

/** The initrd as the tree names it, fetched. */
export async function fetchInitrd(ctx: SvmContext, tree: GuestTree): Promise<{ readonly range: Range; readonly bytes: Uint8Array }> {
  const start = tree.address('/chosen', 'linux,initrd-start');
  const end = tree.address('/chosen', 'linux,initrd-end');
  if (end < start) refuse('linux,initrd-end lies before linux,initrd-start');
  return { range: { start, end }, bytes: await fetched(ctx, start, end - start, 'the initrd') };
}

/** The ESM blob: handed over by the boot wrapper, or in the first cpio archive of the initrd (docs/reference/pef.md#finding-the-blob). */
export async function locateBlob(
  ctx: SvmContext,
  tree: GuestTree,
  { range, bytes }: { readonly range: Range; readonly bytes: Uint8Array },
): Promise<FoundBlob> {
  const from = tree.addressIfAny('/chosen', 'linux,esm-blob-start');
  const to = from === undefined ? undefined : tree.addressIfAny('/chosen', 'linux,esm-blob-end');
  if (from !== undefined && to !== undefined) {
    // Pages that do not come are not noticed here: the published code tests the wrong pointer, and finds no tree at address 0.
    await fetch(ctx, from, to - from);
    const blob = await blobAt(ctx, from, 'at linux,esm-blob-start');
    return { blob, initrd: range };
  }
  const found = findEsmBlob(bytes, range.start);
  if (found.blobOffset === null) {
    throw new EsmRefused(U.NO_KEY, 'esm-blob', `no ESM blob in the initrd (${found.ended} at byte ${found.endOffset})`, SOURCE);
  }
  const blob = await blobAt(ctx, range.start + BigInt(found.blobOffset), `at byte ${found.blobOffset} of the initrd`);
  return { blob, initrd: { start: range.start + BigInt(found.archiveBytes), end: range.end } };
}

/** The blob's own words about its length are not looked at: what its blocks need is read. */
async function blobAt(ctx: SvmContext, gpa: bigint, where: string): Promise<Fdt> {
  const refused = (why: string): never => {
    throw new EsmRefused(U.NO_KEY, 'esm-blob', `the ESM blob ${where} is no device tree: ${why}`, SOURCE);
  };
  const header = decode(FDT_HEADER, await readSvm(ctx, gpa, FDT_HEADER_BYTES, 'ultravisor'));
  if (header.magic !== FDT_MAGIC) return refused('it does not begin as one');
  const extent = Math.max(header.totalsize, header.off_dt_struct + header.size_dt_struct, header.off_dt_strings + header.size_dt_strings);
  if (extent > BLOB_LIMIT) return refused(`its blocks reach to byte ${extent}`);
  const bytes = await readSvm(ctx, gpa, extent, 'ultravisor');
  bytes.set(encode(FDT_HEADER, { ...header, totalsize: extent }));
  try {
    return readFdt(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return refused(error.message);
  }
}

/** bytes; a limit of our own: offsets have 32 bits, and memory behind them is read. */
const BLOB_LIMIT = 64 << 20;
