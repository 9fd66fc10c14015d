import { DecodeError, hex, Reader, struct, UINT32, type Value } from '../../../bytes/index.ts';

export const FDT_MAGIC = 0xd00d_feed;
export const FDT_HEADER_BYTES = 40;
/** An address and a size. */
export const RESERVATION_BYTES = 16;
export const FDT_VERSION = 17;
/** What Linux' prom_init writes: as version 17, but `size_dt_struct` says nothing (dtc libfdt/fdt.c fdt_header_size_: 36 bytes). */
export const FDT_LAST_COMPATIBLE = 16;
const V16_HEADER_BYTES = 36;

/** Devicetree Specification 0.4 §5.2. Offsets and sizes in bytes from the start of the header. */
export const FDT_HEADER = struct('FDT_HEADER', 'Devicetree Specification §5.2', {
  magic: UINT32,
  totalsize: UINT32,
  off_dt_struct: UINT32,
  off_dt_strings: UINT32,
  off_mem_rsvmap: UINT32,
  version: UINT32,
  last_comp_version: UINT32,
  boot_cpuid_phys: UINT32,
  size_dt_strings: UINT32,
  size_dt_struct: UINT32,
});
export type FdtHeader = Value<typeof FDT_HEADER>;

/** Where each field lies: an error names the field at fault. */
const at = (field: keyof FdtHeader): number => Object.keys((FDT_HEADER.shape as { fields: object }).fields).indexOf(field) * 4;

function refuse(fault: string, field: keyof FdtHeader, detail: string): never {
  throw new DecodeError(fault, `header.${field}`, at(field), detail);
}

/**
 * The header, checked for itself: it needs only the first 40 bytes, so that a reader of memory learns how much to fetch.
 * Of version 16 `size_dt_struct` is the room that the block has.
 * @throws {DecodeError} `short`, `magic`, `version`, `size`, `alignment` or `overlap`.
 */
export function readFdtHeader(bytes: Uint8Array): FdtHeader {
  const header = sized(FDT_HEADER.read(new Reader(bytes)));
  if (header.magic !== FDT_MAGIC) refuse('magic', 'magic', `${hex(header.magic, 8)} is not the device tree's ${hex(FDT_MAGIC)}`);
  if (header.version < FDT_LAST_COMPATIBLE) {
    refuse('version', 'version', `version ${header.version}, ${FDT_LAST_COMPATIBLE} or ${FDT_VERSION} needed`);
  }
  if (header.last_comp_version > FDT_VERSION) {
    refuse('version', 'last_comp_version', `readable from version ${header.last_comp_version} on, this reader knows ${FDT_VERSION}`);
  }
  if (header.totalsize < FDT_HEADER_BYTES)
    refuse('size', 'totalsize', `${header.totalsize} bytes are less than the header's ${FDT_HEADER_BYTES}`);
  checkBlock(header, 'off_dt_struct', header.size_dt_struct, 4);
  checkBlock(header, 'off_dt_strings', header.size_dt_strings, 1);
  checkBlock(header, 'off_mem_rsvmap', RESERVATION_BYTES, 8);
  checkOverlap(header);
  return header;
}

/** A header of version 16 does not say how long the structure block is: it may reach to what lies behind it. */
function sized(header: FdtHeader): FdtHeader {
  if (header.version !== FDT_LAST_COMPATIBLE) return header;
  const start = header.off_dt_struct;
  const behind = [header.off_dt_strings, header.off_mem_rsvmap, header.totalsize].filter(offset => offset > start);
  return { ...header, size_dt_struct: Math.max(0, Math.min(...behind, header.totalsize) - start) };
}

function checkBlock(header: FdtHeader, field: 'off_dt_struct' | 'off_dt_strings' | 'off_mem_rsvmap', size: number, align: number): void {
  const start = header[field];
  if (start % align !== 0) refuse('alignment', field, `${start} is no multiple of ${align}`);
  const headerBytes = header.version === FDT_LAST_COMPATIBLE ? V16_HEADER_BYTES : FDT_HEADER_BYTES;
  if (start < headerBytes) refuse('overlap', field, `the block at ${start} lies over the header (${headerBytes} bytes)`);
  if (start + size > header.totalsize) {
    refuse('size', field, `the block from ${start} of ${size} bytes ends behind the tree's ${header.totalsize} bytes`);
  }
}

/** Whether two of the three blocks share a byte. Of the reservations at least the end mark; the rest is known when they are read. */
function checkOverlap(header: FdtHeader): void {
  const blocks = [
    { name: 'structure block', field: 'off_dt_struct', size: header.size_dt_struct },
    { name: 'strings block', field: 'off_dt_strings', size: header.size_dt_strings },
    { name: 'memory reservations', field: 'off_mem_rsvmap', size: RESERVATION_BYTES },
  ] as const;
  const sorted = blocks.filter(block => block.size > 0).sort((a, b) => header[a.field] - header[b.field]);
  for (const [i, block] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next && header[block.field] + block.size > header[next.field]) {
      const range = (b: typeof block) => `${b.name} (${header[b.field]}..${header[b.field] + b.size})`;
      refuse('overlap', next.field, `${range(next)} overlaps ${range(block)}`);
    }
  }
}
