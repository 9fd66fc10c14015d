import { DecodeError } from '../../bytes/index.ts';
import { gfnOf, PAGE_BYTES } from '../../hcall/index.ts';
import { U } from '../../spec/index.ts';
import {
  addReservation,
  type Fdt,
  type FdtHeader,
  findProperty,
  propertyOf,
  readFdt,
  readFdtHeader,
  walk,
  writeFdt,
} from '../../svm/format/index.ts';
import { rangeInSlots } from '../core/svm.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { fetch, readSvm } from '../memory/svm-memory.ts';
import { EsmRefused } from './esm-refused.ts';
import { checkTreeNames } from './guest-tree-names.ts';

const SOURCE = 'open-power/ultravisor svm/svm-fdt.c, svm/svm-rtas.c';
const RMO_LIMIT = 768n << 20n;
/** Twice the tree, rounded up to a page, must fit in one page of the Ultravisor (docs/reference/pef.md#the-tree-of-the-guest). */
const TREE_LIMIT = 1 << 20;
/** A page of 16-byte buffers, one for each processor that stops itself (docs/reference/pef.md#sizes). */
const VCPU_LIMIT = 4096;
/** An entry of the memory reservation map. */
const RESERVATION_BYTES = 16;
const CELL_BYTES = 4;

export interface Range {
  readonly start: bigint;
  /** First byte behind it. */
  readonly end: bigint;
}

/** What stands in the guest's device tree, on a copy of the Ultravisor's own: nothing is looked at before it is needed. */
export class GuestTree {
  #tree: Fdt;
  /** Bytes that are left on the copy for reservations. */
  #room: number;
  readonly #uv: Ultravisor;
  readonly rmoTop: bigint;
  /** Where the tree itself lies in the guest. */
  readonly place: Range;
  /** Ranges whose digest was taken. */
  readonly measured: Range[] = [];

  constructor(uv: Ultravisor, tree: Fdt, room: number, place: Range) {
    this.#uv = uv;
    this.#tree = tree;
    this.#room = room;
    this.place = place;
    const memory = this.value('/memory@0', 'reg');
    if (memory.length < 16 || this.#cells64(memory, 0) !== 0n) refuse('/memory@0 reg is no pair of 64-bit cells that begins at 0');
    const size = this.#cells64(memory, 2);
    this.rmoTop = size < RMO_LIMIT ? size : RMO_LIMIT;
  }

  get bootCpu(): number {
    return this.#tree.bootCpu;
  }

  get reservations(): readonly Range[] {
    return this.#tree.reservations.map(({ address: start, size }) => ({ start, end: start + size }));
  }

  /** @throws {EsmRefused} when the tree has no such property. */
  value(path: string, name: string): Uint8Array {
    return findProperty(this.#tree, path, name) ?? refuse(`the device tree has no ${path} ${name}`);
  }

  /** The published code asserts that a property has the cells that it reads (svm/svm-fdt.c svm_fdt_get_cell). */
  #cell(value: Uint8Array, index: number): number {
    if (value.length < (index + 1) * CELL_BYTES) {
      const why = `a property of the device tree has ${value.length} bytes, cell ${index} is read`;
      this.#uv.assertionFailed(why);
      refuse(why);
    }
    return new DataView(value.buffer, value.byteOffset, value.length).getUint32(index * CELL_BYTES);
  }

  #cells64(value: Uint8Array, index: number): bigint {
    return (BigInt(this.#cell(value, index)) << 32n) | BigInt(this.#cell(value, index + 1));
  }

  /** The first cell. */
  u32(path: string, name: string): number {
    return this.#cell(this.value(path, name), 0);
  }

  /** An address of two cells, or of one where there are not two. */
  address(path: string, name: string): bigint {
    const value = this.value(path, name);
    return value.length >= 2 * CELL_BYTES ? this.#cells64(value, 0) : BigInt(this.#cell(value, 0));
  }

  /** The same of a property that need not be there. */
  addressIfAny(path: string, name: string): bigint | undefined {
    return findProperty(this.#tree, path, name) && this.address(path, name);
  }

  /** What else lies in the guest, as far as the tree says: the tree, the RTAS area, initrd and blob. */
  inUse(): readonly Range[] {
    const range = (path: string, from: string, to: string): Range[] => {
      const [start, end] = [this.addressIfAny(path, from), this.addressIfAny(path, to)];
      return start === undefined || end === undefined ? [] : [{ start, end }];
    };
    const rtas = this.addressIfAny('/rtas', 'linux,rtas-base');
    const rtasBytes = findProperty(this.#tree, '/rtas', 'rtas-size') ? this.u32('/rtas', 'rtas-size') : 0;
    return [
      this.place,
      ...(rtas === undefined ? [] : [{ start: rtas, end: rtas + BigInt(rtasBytes) }]),
      ...range('/chosen', 'linux,initrd-start', 'linux,initrd-end'),
      ...range('/chosen', 'linux,esm-blob-start', 'linux,esm-blob-end'),
    ];
  }

  /** Cores of ibm,lrdr-capacity (the cell after #address-cells + #size-cells) times the threads of the first processor. */
  processors(): number {
    const before = this.u32('/', '#address-cells') + this.u32('/', '#size-cells');
    const cores = this.#cell(this.value('/rtas', 'ibm,lrdr-capacity'), before);
    const cpu = [...walk(this.#tree.root)].find(
      ({ node }) => Buffer.from(propertyOf(node, 'device_type')?.value ?? []).toString('latin1') === 'cpu\0',
    );
    if (!cpu) refuse('the device tree has no node whose device_type is cpu');
    const threads = propertyOf(cpu.node, 'ibm,ppc-interrupt-server#s')?.value.length ?? CELL_BYTES;
    const count = Math.trunc((cores * threads) / CELL_BYTES);
    if (count > VCPU_LIMIT) refuse(`${count} processors, at most ${VCPU_LIMIT} fit`);
    return count;
  }

  addReservation(start: bigint, bytes: bigint): void {
    if (this.#room < RESERVATION_BYTES) refuse('the device tree has no room for another memory reservation');
    this.#room -= RESERVATION_BYTES;
    this.#tree = addReservation(this.#tree, { address: start, size: bytes });
  }

  /** The tree with the added reservations. */
  pack(): Uint8Array {
    return writeFdt(this.#tree);
  }
}

export function refuse(why: string): never {
  throw new EsmRefused(U.P2, 'device-tree', why, SOURCE);
}

/**
 * Bytes of a tree that are taken when libfdt opens it in a larger buffer: blocks in the usual order stay where they are, others
 * are moved together (dtc libfdt/fdt_rw.c fdt_open_into).
 */
function bytesInUse(header: FdtHeader, tree: Fdt): number {
  const reservations = (tree.reservations.length + 1) * RESERVATION_BYTES;
  const ordered =
    header.off_dt_struct >= header.off_mem_rsvmap + reservations &&
    header.off_dt_strings >= header.off_dt_struct + header.size_dt_struct &&
    header.totalsize >= header.off_dt_strings + header.size_dt_strings;
  return ordered ? header.off_dt_strings + header.size_dt_strings : writeFdt(tree).length;
}

/** Fetches the tree into secure memory and reads the copy (docs/reference/pef.md#the-tree-of-the-guest). */
export async function fetchTree(ctx: SvmContext, fdt: bigint): Promise<GuestTree> {
  const { uv } = ctx;
  const head = await fetched(ctx, fdt, BigInt(PAGE_BYTES), 'the device tree');
  try {
    const { totalsize } = readFdtHeader(head);
    const behind = BigInt(totalsize - PAGE_BYTES);
    if (behind > 0n && !(await fetch(ctx, fdt + BigInt(PAGE_BYTES), behind))) refuse('the hypervisor does not give all of the device tree');
    const rounded = Math.ceil(totalsize / PAGE_BYTES) * PAGE_BYTES;
    if (rounded > TREE_LIMIT) refuse(`a tree of ${totalsize} bytes, at most ${TREE_LIMIT} fit`);
    const bytes = await readSvm(ctx, fdt, totalsize, 'ultravisor');
    const tree = readFdt(bytes);
    checkTreeNames(uv, tree);
    const room = rounded - bytesInUse(readFdtHeader(bytes), tree);
    return new GuestTree(uv, tree, room, { start: fdt, end: fdt + BigInt(totalsize) });
  } catch (error) {
    if (error instanceof DecodeError) refuse(`the device tree is not valid: ${error.message}`);
    throw error;
  }
}

/** The bytes of a range after its pages were fetched. */
export async function fetched(ctx: SvmContext, gpa: bigint, length: bigint, what: string): Promise<Uint8Array> {
  if (!(await fetch(ctx, gpa, length))) {
    throw new EsmRefused(U.P2, 'page-in', `the hypervisor does not give ${what} at 0x${gpa.toString(16)}`, SOURCE);
  }
  return inSlots(ctx, gpa, length) ? readSvm(ctx, gpa, Number(length), 'ultravisor') : new Uint8Array(0);
}

/** Whether all of a range lies in memory slots. */
export const inSlots = ({ svm }: SvmContext, gpa: bigint, length: bigint): boolean =>
  rangeInSlots(svm, gfnOf(gpa), gfnOf(gpa + length - 1n) - gfnOf(gpa) + 1n);
