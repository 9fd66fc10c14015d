import { DecodeError } from '../../bytes/index.ts';
import { PAGE_BYTES, pageOffset } from '../../hcall/index.ts';
import { findProperty, readFdt, setProperty, writeFdt } from '../../svm/format/index.ts';
import type { Region } from './moment.ts';
import type { StartedGuest } from './reach.ts';

const LARGEST_TREE = 1 << 20;

/** A part of the guest that lies in its memory; `bootargs` is a property of the device tree, `other` is the rest. */
export type LoadedRegion = Exclude<Region, 'bootargs' | 'other'>;

/** What the Ultravisor takes into secure memory to measure it, in the order in which it is looked at. */
export const MEASURED_REGIONS = ['kernel', 'initrd', 'rtas', 'device-tree', 'bootargs', 'blob'] as const;

interface Extent {
  readonly gpa: bigint;
  readonly length: number;
}

/** Where a part of a guest lies: its hypervisor knows, for it put it there or has seen where the boot wrapper put it. */
function extentOf({ layout, files, memory }: StartedGuest, region: LoadedRegion): Extent | undefined {
  switch (region) {
    case 'kernel':
    case 'initrd':
    case 'rtas':
      return { gpa: layout[region], length: files[region].length };
    case 'blob':
      return layout.esmBlob !== null && files.esmBlob ? { gpa: layout.esmBlob, length: files.esmBlob.length } : undefined;
    case 'device-tree':
      return { gpa: layout.fdt, length: treeBytes({ layout, memory }) };
  }
}

/** totalsize of its tree, as far as its hypervisor still sees it. */
const treeBytes = ({ layout, memory }: Pick<StartedGuest, 'layout' | 'memory'>): number =>
  Math.min(new DataView(memory.read(layout.fdt, 8).buffer).getUint32(4), LARGEST_TREE);

/** The part of the guest to whose pages an address belongs. */
export function regionAt(guest: StartedGuest | undefined, gpa: bigint): Region {
  if (!guest) return 'other';
  const { layout, files } = guest;
  const within = (start: bigint, length: number): boolean => gpa >= start && gpa - start < pagesOf(length);
  if (within(layout.kernel, files.kernel.length)) return 'kernel';
  if (within(layout.initrd, files.initrd.length)) return 'initrd';
  if (within(layout.rtas, 1)) return 'rtas';
  if (layout.esmBlob !== null && within(layout.esmBlob, files.esmBlob?.length ?? 0)) return 'blob';
  if (within(layout.fdt, treeBytes(guest))) return 'device-tree';
  return 'other';
}

/** Bytes of the pages that hold so many; of one page at least. */
const pagesOf = (length: number): bigint => BigInt(Math.max(Math.ceil(length / PAGE_BYTES), 1) * PAGE_BYTES);

/** The address at which a part of the guest begins, at the start of its page. A blob that no boot wrapper carries lies in the initrd. */
export function firstFrame(guest: StartedGuest | undefined, region: LoadedRegion): bigint {
  const gpa = guest && extentOf(guest, region === 'blob' && guest.layout.esmBlob === null ? 'initrd' : region)?.gpa;
  return gpa === undefined ? 0n : pageAt(gpa);
}

/** The start of the page that holds an address. */
export const pageAt = (gpa: bigint): bigint => gpa - BigInt(pageOffset(gpa));

/** A page that begins with these bytes; zeros follow. */
export function wholePage(bytes: Uint8Array): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES);
  page.set(bytes.subarray(0, PAGE_BYTES));
  return page;
}

/** What a region holds at this moment; null: the guest has none. */
export function readRegion(guest: StartedGuest, region: LoadedRegion | 'bootargs'): Uint8Array | null {
  if (region === 'bootargs') return bootargsOf(readRegion(guest, 'device-tree'));
  const extent = extentOf(guest, region);
  return extent ? guest.memory.read(extent.gpa, extent.length) : null;
}

/** Puts other bytes there; where they are fewer, zeros follow. */
export function writeRegion(guest: StartedGuest, region: LoadedRegion | 'bootargs', bytes: Uint8Array): void {
  if (region === 'bootargs') {
    writeBootargs(guest, bytes);
    return;
  }
  const extent = extentOf(guest, region);
  if (!extent) return;
  const whole = new Uint8Array(Math.max(bytes.length, extent.length));
  whole.set(bytes);
  guest.memory.write(extent.gpa, whole);
}

/** bootargs without its NUL. */
function bootargsOf(tree: Uint8Array | null): Uint8Array | null {
  if (!tree) return null;
  try {
    return findProperty(readFdt(tree), '/chosen', 'bootargs')?.slice(0, -1) ?? null;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function writeBootargs(guest: StartedGuest, bytes: Uint8Array): void {
  const tree = readRegion(guest, 'device-tree');
  if (!tree) return;
  const text = new Uint8Array(bytes.length + 1);
  text.set(bytes);
  writeRegion(guest, 'device-tree', writeFdt(setProperty(readFdt(tree), '/chosen', 'bootargs', text), tree.length));
}
