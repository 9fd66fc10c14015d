import { gunzipSync } from 'node:zlib';
import { DecodeError } from '../../../bytes/index.ts';
import {
  asAddress,
  asText,
  cells,
  cells64,
  FDT_HEADER_BYTES,
  type Fdt,
  findNode,
  findProperty,
  readFdt,
  readFdtHeader,
  setProperty,
  text,
  writeFdt,
  writeLinuxFdt,
} from '../../format/index.ts';
import type { Layout, Places } from '../memory-layout.ts';
import { esmBlobProperties } from './own-tree.ts';

/** More than any firmware takes: a limit of our own. */
const LARGEST_FILE_BYTES = 16 << 20;

/** What a given tree says of the machine. */
export interface GivenTree {
  readonly ramBytes: bigint | undefined;
  readonly vcpus: number;
  readonly bootargs: string | undefined;
  readonly places: Places;
}

/** The tree in a file that may be packed with gzip, as the kernel gives it (`/sys/firmware/fdt`) or dtc writes it. @throws {DecodeError} */
export function unpackTree(file: Uint8Array): Uint8Array {
  if (file[0] !== 0x1f || file[1] !== 0x8b) return file;
  try {
    return new Uint8Array(gunzipSync(file, { maxOutputLength: LARGEST_FILE_BYTES }));
  } catch (error) {
    throw new DecodeError('packed', '', 0, `the file is packed with gzip and cannot be unpacked: ${(error as Error).message}`);
  }
}

/** Reads what a tree says of the machine it was made for. @throws {DecodeError} */
export function describeTree(bytes: Uint8Array): GivenTree {
  const tree = readFdt(bytes);
  const memory = findProperty(tree, '/memory@0', 'reg');
  const cores = findNode(tree, '/cpus')?.children.filter(({ properties }) =>
    properties.some(({ name, value }) => name === 'device_type' && asText(value) === 'cpu'),
  );
  const bootargs = asText(findProperty(tree, '/chosen', 'bootargs'));
  const places = {
    kernel: asAddress(findProperty(tree, '/chosen', 'qemu,boot-kernel')),
    initrd: asAddress(findProperty(tree, '/chosen', 'linux,initrd-start')),
    rtas: asAddress(findProperty(tree, '/rtas', 'linux,rtas-base')),
  };
  return {
    ramBytes: memory && memory.length >= 16 ? asAddress(memory.subarray(8, 16)) : undefined,
    vcpus: Math.max(cores?.length ?? 0, 1),
    bootargs,
    places: Object.fromEntries(Object.entries(places).filter(([, gpa]) => gpa !== undefined)),
  };
}

/** What is loaded beside a given tree. */
export interface GivenLoad {
  readonly initrd: Uint8Array;
  readonly bootargs: string;
  readonly esmBlob?: Uint8Array;
}

/**
 * A given tree with what another boot would have written into it: where this initrd ends, this command line, this blob. Where they are
 * those of the tree, its bytes are as they were.
 */
export function loadIntoTree(bytes: Uint8Array, { initrd, bootargs, esmBlob }: GivenLoad, layout: Layout): Uint8Array {
  const given = readFdt(bytes);
  let tree = given;
  const put = (name: string, value: Uint8Array): void => {
    const old = findProperty(tree, '/chosen', name);
    if (!old || Buffer.compare(old, value) !== 0) tree = setProperty(tree, '/chosen', name, value);
  };
  const oneCell = findProperty(tree, '/chosen', 'linux,initrd-end')?.length === 4;
  const end = layout.initrd + BigInt(initrd.length);
  put('linux,initrd-end', oneCell ? cells(Number(end)) : cells64(end));
  if (asText(findProperty(tree, '/chosen', 'bootargs')) !== bootargs) put('bootargs', text(bootargs));
  if (esmBlob && layout.esmBlob !== null) {
    for (const [name, value] of Object.entries(esmBlobProperties(layout.esmBlob, esmBlob.length))) put(name, cells(value));
  }
  return tree === given ? bytes : written(tree, readFdtHeader(bytes.subarray(0, FDT_HEADER_BYTES)));
}

const written = (tree: Fdt, { version, totalsize }: { readonly version: number; readonly totalsize: number }): Uint8Array =>
  version === 16 ? writeLinuxFdt(tree) : writeFdt(tree, totalsize);
