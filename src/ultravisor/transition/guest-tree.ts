import { DecodeError } from '../../bytes/index.ts';
import { PAGE_BYTES } from '../../hcall/index.ts';
import { U } from '../../spec/index.ts';
import {
  addReservation,
  asAddress,
  asU32,
  FDT_HEADER_BYTES,
  type Fdt,
  findEsmBlob,
  findNode,
  findProperty,
  propertyOf,
  readFdt,
  readFdtHeader,
  writeFdt,
} from '../../svm/format/index.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { fetch, readSvm } from '../memory/svm-memory.ts';
import { EsmRefused } from './esm-refused.ts';
import { checkTreeNames } from './guest-tree-names.ts';

const SOURCE = 'open-power/ultravisor svm/svm-fdt.c, svm/svm-esm.c';
const RMO_LIMIT = 768n << 20n;
/** Twice the tree, rounded up to a page, must fit in one page of the Ultravisor (docs/reference/pef.md#the-tree-of-the-guest). */
const TREE_LIMIT = 1 << 20;
/** A page of 16-byte buffers, one for each processor that stops itself (docs/reference/pef.md#sizes). */
const VCPU_LIMIT = 4096;

export interface Range {
  readonly start: bigint;
  /** First byte behind it. */
  readonly end: bigint;
}

/** What the Ultravisor takes from the guest's device tree, on a copy of its own. */
export class GuestTree {
  #tree: Fdt;
  readonly rmoTop: bigint;
  readonly rtas: { readonly base: bigint; readonly size: number; readonly codeBytes: number };
  /** Where the initrd begins moves behind the blob's archive. */
  initrd: Range;
  /** bootargs with its NUL. */
  readonly bootargs: Uint8Array;
  readonly wrapperBlob: Range | null;
  readonly bootCpu: number;
  readonly maxVcpus: number;
  readonly inUse: readonly Range[];
  /** Ranges whose digest was taken. */
  readonly measured: Range[] = [];

  constructor(tree: Fdt, fdt: Range) {
    this.#tree = tree;
    const memory = need(findProperty(tree, '/memory@0', 'reg'), '/memory@0 reg');
    if (memory.length < 16 || asAddress(memory.subarray(0, 8)) !== 0n) refuse('/memory@0 reg is no pair of 64-bit cells that begins at 0');
    const size = asAddress(memory.subarray(8, 16)) ?? 0n;
    this.rmoTop = size < RMO_LIMIT ? size : RMO_LIMIT;
    this.rtas = {
      base: address(tree, '/rtas', 'linux,rtas-base'),
      size: need(asU32(findProperty(tree, '/rtas', 'rtas-size')), '/rtas rtas-size'),
      codeBytes: need(asU32(findProperty(tree, '/rtas', 'slof,rtas-size')), '/rtas slof,rtas-size'),
    };
    this.initrd = { start: address(tree, '/chosen', 'linux,initrd-start'), end: address(tree, '/chosen', 'linux,initrd-end') };
    if (this.initrd.end < this.initrd.start) refuse('linux,initrd-end lies before linux,initrd-start');
    this.bootargs = need(findProperty(tree, '/chosen', 'bootargs'), '/chosen bootargs');
    const blobStart = asAddress(findProperty(tree, '/chosen', 'linux,esm-blob-start'));
    const blobEnd = asAddress(findProperty(tree, '/chosen', 'linux,esm-blob-end'));
    this.wrapperBlob = blobStart !== undefined && blobEnd !== undefined ? { start: blobStart, end: blobEnd } : null;
    this.bootCpu = tree.bootCpu;
    this.maxVcpus = vcpusOf(tree);
    if (this.maxVcpus > VCPU_LIMIT) refuse(`${this.maxVcpus} processors, at most ${VCPU_LIMIT} fit`);
    const reserved = tree.reservations.map(({ address: start, size: bytes }) => ({ start, end: start + bytes }));
    const rtas = { start: this.rtas.base, end: this.rtas.base + BigInt(this.rtas.size) };
    this.inUse = [fdt, rtas, this.initrd, ...(this.wrapperBlob ? [this.wrapperBlob] : []), ...reserved];
  }

  addReservation(start: bigint, bytes: bigint): void {
    this.#tree = addReservation(this.#tree, { address: start, size: bytes });
  }

  /** The tree with the added reservations. */
  pack(): Uint8Array {
    return writeFdt(this.#tree);
  }
}

function refuse(why: string): never {
  throw new EsmRefused(U.P2, 'device-tree', why, SOURCE);
}

function need<T>(value: T | undefined, what: string): T {
  return value ?? refuse(`the device tree has no ${what}`);
}

const address = (tree: Fdt, path: string, name: string): bigint => need(asAddress(findProperty(tree, path, name)), `${path} ${name}`);

/** Cores of ibm,lrdr-capacity (the cell after #address-cells + #size-cells) times the threads of the first processor. */
function vcpusOf(tree: Fdt): number {
  const capacity = need(findProperty(tree, '/rtas', 'ibm,lrdr-capacity'), '/rtas ibm,lrdr-capacity');
  const cellsBefore =
    (asU32(propertyOf(tree.root, '#address-cells')?.value) ?? 2) + (asU32(propertyOf(tree.root, '#size-cells')?.value) ?? 2);
  const cores = need(asU32(capacity.slice(cellsBefore * 4, cellsBefore * 4 + 4)), 'maximum number of cores in ibm,lrdr-capacity');
  const cpu = findNode(tree, '/cpus')?.children.find(node => propertyOf(node, 'ibm,ppc-interrupt-server#s'));
  const threads = need(propertyOf(cpu, 'ibm,ppc-interrupt-server#s')?.value, 'ibm,ppc-interrupt-server#s').length / 4;
  return cores * threads;
}

/** Fetches the tree into secure memory and reads the copy (docs/reference/pef.md#the-tree-of-the-guest). */
export async function fetchTree(ctx: SvmContext, fdt: bigint): Promise<GuestTree> {
  const { uv } = ctx;
  const head = await fetched(ctx, fdt, BigInt(FDT_HEADER_BYTES), 'the device tree');
  try {
    const { totalsize } = readFdtHeader(head);
    const rounded = Math.ceil(totalsize / PAGE_BYTES) * PAGE_BYTES;
    if (rounded > TREE_LIMIT) refuse(`a tree of ${totalsize} bytes, at most ${TREE_LIMIT} fit`);
    const bytes = await fetched(ctx, fdt, BigInt(totalsize), 'the device tree');
    const tree = readFdt(bytes);
    checkTreeNames(uv, tree);
    return new GuestTree(tree, { start: fdt, end: fdt + BigInt(totalsize) });
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
  return readSvm(ctx, gpa, Number(length), 'ultravisor');
}

/** The ESM blob: handed over by the boot wrapper, or in the first cpio archive of the initrd (docs/reference/pef.md#finding-the-blob). */
export async function locateBlob(ctx: SvmContext, tree: GuestTree): Promise<Fdt> {
  const { start, end } = tree.initrd;
  const initrd = await fetched(ctx, start, end - start, 'the initrd');
  if (tree.wrapperBlob) {
    const { start: from, end: to } = tree.wrapperBlob;
    if (to < from) refuse('linux,esm-blob-end lies before linux,esm-blob-start');
    return blobTree(await fetched(ctx, from, to - from, 'the ESM blob'), 'at linux,esm-blob-start');
  }
  const found = findEsmBlob(initrd, start);
  if (found.blobOffset === null) {
    throw new EsmRefused(U.NO_KEY, 'esm-blob', `no ESM blob in the initrd (${found.ended} at byte ${found.endOffset})`, SOURCE);
  }
  tree.initrd = { start: start + BigInt(found.archiveBytes), end };
  return blobTree(initrd.subarray(found.blobOffset), `at byte ${found.blobOffset} of the initrd`);
}

function blobTree(bytes: Uint8Array, where: string): Fdt {
  try {
    return readFdt(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new EsmRefused(U.NO_KEY, 'esm-blob', `the ESM blob ${where} is no device tree: ${error.message}`, SOURCE);
  }
}
