import { encode, Writer } from '../../../bytes/index.ts';
import { FDT_HEADER, FDT_HEADER_BYTES, FDT_LAST_COMPATIBLE, FDT_MAGIC, FDT_VERSION, RESERVATION_BYTES } from './header.ts';
import { type Fdt, type FdtNode, walk } from './model.ts';
import { FDT_BEGIN_NODE, FDT_END, FDT_END_NODE, FDT_PROP } from './read.ts';
import { hasStringAt, internString } from './strings.ts';
import { cells64 } from './values.ts';

/**
 * The bytes of a tree as libfdt's fdt_pack leaves them: header, reservations, structure, strings, nothing between.
 * @param totalSize in bytes, for a tree with free room at its end (never less than the tree needs).
 */
export function writeFdt(tree: Fdt, totalSize = 0): Uint8Array {
  const structure = new Writer(nodeBytes(tree.root) + 4);
  const strings = writeNode(structure, tree.root, tree.strings);
  structure.u32(FDT_END);
  const structAt = FDT_HEADER_BYTES + (tree.reservations.length + 1) * RESERVATION_BYTES;
  const stringsAt = structAt + structure.length;
  const used = stringsAt + strings.length;
  const writer = new Writer(used);
  writer.raw(
    encode(FDT_HEADER, {
      magic: FDT_MAGIC,
      totalsize: Math.max(used, totalSize),
      off_dt_struct: structAt,
      off_dt_strings: stringsAt,
      off_mem_rsvmap: FDT_HEADER_BYTES,
      version: FDT_VERSION,
      last_comp_version: FDT_LAST_COMPATIBLE,
      boot_cpuid_phys: tree.bootCpu,
      size_dt_strings: strings.length,
      size_dt_struct: structure.length,
    }),
  );
  for (const { address, size } of [...tree.reservations, { address: 0n, size: 0n }]) {
    writer.u64(address);
    writer.u64(size);
  }
  writer.raw(structure.done());
  writer.raw(strings);
  if (totalSize > used) writer.raw(new Uint8Array(totalSize - used));
  return writer.done();
}

/** Linux' page on pseries: prom_init begins each block on one. */
const LINUX_PAGE_BYTES = 0x1_0000;
const alignPage = (size: number): number => Math.ceil(size / LINUX_PAGE_BYTES) * LINUX_PAGE_BYTES;

/**
 * The bytes of a tree as Linux leaves them before it asks for UV_ESM (arch/powerpc/kernel/prom_init.c flatten_device_tree): version 16,
 * reservations behind the header, strings and structure on pages of their own.
 */
export function writeLinuxFdt(tree: Fdt): Uint8Array {
  const structure = new Writer(nodeBytes(tree.root) + 4);
  const strings = writeNode(structure, tree.root, tree.strings);
  structure.u32(FDT_END);
  const stringsAt = alignPage(FDT_HEADER_BYTES + (tree.reservations.length + 1) * RESERVATION_BYTES);
  const structAt = alignPage(stringsAt + strings.length);
  const out = new Uint8Array(alignPage(structAt + structure.length));
  out.set(
    encode(FDT_HEADER, {
      magic: FDT_MAGIC,
      totalsize: out.length,
      off_dt_struct: structAt,
      off_dt_strings: stringsAt,
      off_mem_rsvmap: FDT_HEADER_BYTES,
      version: FDT_LAST_COMPATIBLE,
      last_comp_version: FDT_LAST_COMPATIBLE,
      boot_cpuid_phys: tree.bootCpu,
      size_dt_strings: strings.length,
      size_dt_struct: 0,
    }),
  );
  out.set(cells64(...tree.reservations.flatMap(({ address, size }) => [address, size])), FDT_HEADER_BYTES);
  out.set(strings, stringsAt);
  out.set(structure.done(), structAt);
  return out;
}

/** Strings as Linux gathers them: behind a hole of four bytes, in the order of their first use, none within another. */
export function withLinuxStrings(tree: Fdt): Fdt {
  const offsets = new Map<string, number>();
  let length = 4;
  for (const { node } of walk(tree.root)) {
    for (const { name } of node.properties) {
      if (offsets.has(name)) continue;
      offsets.set(name, length);
      length += name.length + 1;
    }
  }
  const strings = new Uint8Array(length);
  for (const [name, offset] of offsets) strings.set(Buffer.from(name, 'latin1'), offset);
  const placed = (node: FdtNode): FdtNode => ({
    ...node,
    properties: node.properties.map(property => ({ ...property, nameOffset: offsets.get(property.name) ?? 0 })),
    children: node.children.map(placed),
  });
  return { ...tree, strings, root: placed(tree.root) };
}

const align4 = (size: number): number => (size + 3) & ~3;

/** What a node takes in the structure block: the buffer is made once, in its final size. */
function nodeBytes({ name, properties, children }: FdtNode): number {
  const own = 8 + align4(name.length + 1);
  const values = properties.reduce((sum, { value }) => sum + 12 + align4(value.length), 0);
  return children.reduce((sum, child) => sum + nodeBytes(child), own + values);
}

function pad4(writer: Writer, padding?: Uint8Array): void {
  for (let i = 0; writer.length % 4 !== 0; i++) writer.u8(padding?.[i] ?? 0);
}

/** Writes a node; the strings block afterwards is returned, longer if it lacked a name. */
function writeNode(writer: Writer, node: FdtNode, given: Uint8Array): Uint8Array {
  let strings = given;
  writer.u32(FDT_BEGIN_NODE);
  writer.raw(Buffer.from(`${node.name}\0`, 'latin1'));
  pad4(writer);
  for (const { name, value, nameOffset, padding } of node.properties) {
    let offset = nameOffset;
    if (offset === undefined || !hasStringAt(strings, offset, name)) ({ strings, offset } = internString(strings, name));
    writer.u32(FDT_PROP);
    writer.u32(value.length);
    writer.u32(offset);
    writer.raw(value);
    pad4(writer, padding);
  }
  for (const child of node.children) strings = writeNode(writer, child, strings);
  writer.u32(FDT_END_NODE);
  return strings;
}
