import { DecodeError } from '../../bytes/index.ts';
import { PAGE_BYTES } from '../../hcall/index.ts';
import type { Guest, Host } from '../../machine/index.ts';
import { findProperty, readFdt, setProperty, writeFdt } from '../../svm/format/index.ts';
import type { Region } from './points.ts';

export interface Extent {
  readonly gpa: bigint;
  readonly length: number;
}

export const guestOf = (host: Host, lpid: number): Guest | undefined => host.guests.find(guest => guest.spec.lpid === lpid);

/** Where the parts of a guest lie: its hypervisor knows, for it put them there or has seen where the boot wrapper put them. */
export function extents({ layout, spec, partition }: Guest): ReadonlyMap<Region, Extent> {
  const treeBytes = new DataView(partition.read(layout.fdt, 8, 'hypervisor').buffer).getUint32(4);
  const all = new Map<Region, Extent>([
    ['kernel', { gpa: layout.kernel, length: spec.kernel.length }],
    ['initrd', { gpa: layout.initrd, length: spec.initrd.length }],
    ['rtas', { gpa: layout.rtas, length: spec.rtas.length }],
    ['device-tree', { gpa: layout.fdt, length: Math.min(treeBytes, 1 << 20) }],
  ]);
  if (layout.esmBlob !== null && spec.esmBlob) all.set('blob', { gpa: layout.esmBlob, length: spec.esmBlob.length });
  return all;
}

/** The part of the guest to whose pages an address belongs. */
export function regionAt(guest: Guest | undefined, gpa: bigint): Region {
  const page = BigInt(PAGE_BYTES);
  const { layout } = guest ?? {};
  if (!guest || !layout) return 'other';
  const ends = (start: bigint, length: number): bigint => ((start + BigInt(Math.max(length, 1)) + page - 1n) / page) * page;
  const { spec } = guest;
  if (gpa >= layout.kernel && gpa < ends(layout.kernel, spec.kernel.length)) return 'kernel';
  if (gpa >= layout.initrd && gpa < ends(layout.initrd, spec.initrd.length)) return 'initrd';
  if (gpa >= layout.rtas && gpa < layout.rtas + page) return 'rtas';
  if (layout.esmBlob !== null && gpa >= layout.esmBlob && gpa < ends(layout.esmBlob, spec.esmBlob?.length ?? 0)) return 'blob';
  if (gpa >= layout.fdt && gpa < layout.fdt + page) return 'device-tree';
  return 'other';
}

/** The address at which a part of the guest begins, at the start of its page. */
export function firstFrame(host: Host, lpid: number, region: Region): bigint {
  const guest = guestOf(host, lpid);
  const gpa = guest && (region === 'blob' && guest.layout.esmBlob === null ? guest.layout.initrd : extents(guest).get(region)?.gpa);
  return (gpa ?? 0n) & ~BigInt(PAGE_BYTES - 1);
}

/** What a region holds at this moment; null: the guest has none. */
export function readRegion(guest: Guest, region: Region): Uint8Array | null {
  if (region === 'bootargs') return bootargsOf(readRegion(guest, 'device-tree'));
  const extent = extents(guest).get(region);
  return extent ? guest.partition.read(extent.gpa, extent.length, 'hypervisor') : null;
}

/** Puts other bytes there; where they are fewer, zeros follow. */
export function writeRegion(guest: Guest, region: Region, bytes: Uint8Array): void {
  if (region === 'bootargs') {
    writeBootargs(guest, bytes);
    return;
  }
  const extent = extents(guest).get(region);
  if (!extent) return;
  const whole = new Uint8Array(Math.max(bytes.length, extent.length));
  whole.set(bytes);
  guest.partition.write(extent.gpa, whole, 'hypervisor');
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

function writeBootargs(guest: Guest, bytes: Uint8Array): void {
  const tree = readRegion(guest, 'device-tree');
  if (!tree) return;
  const text = new Uint8Array(bytes.length + 1);
  text.set(bytes);
  writeRegion(guest, 'device-tree', writeFdt(setProperty(readFdt(tree), '/chosen', 'bootargs', text), tree.length));
}
