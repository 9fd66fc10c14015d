import { DecodeError, hex } from '../../../bytes/index.ts';
import { type FdtHeader, readFdtHeader } from './header.ts';
import type { Fdt, FdtNode, FdtProperty, FdtReservation } from './model.ts';

export const FDT_BEGIN_NODE = 1;
export const FDT_END_NODE = 2;
export const FDT_PROP = 3;
export const FDT_NOP = 4;
export const FDT_END = 9;

/** Real trees nest to about 10 levels. A limit of our own: the reader recurses. */
export const FDT_MAX_DEPTH = 64;

/**
 * Reads a flattened device tree of version 16 or 17. Bytes behind its `totalsize` are ignored (memory ends where its page ends), and
 * so are NOPs, free room and what follows FDT_END: they say nothing, and writing the tree again does not bring them back.
 * @param base is added to the offsets in errors and nodes, for a tree that lies within another file.
 * @throws {DecodeError} with the path of the node or header field and the byte at which reading stopped. Faults: `short`,
 *   `magic`, `version`, `size`, `alignment`, `overlap`, `structure`, `depth`, `string`.
 */
export function readFdt(bytes: Uint8Array, base = 0, where = ''): Fdt {
  try {
    return readTree(bytes, base);
  } catch (error) {
    if (!(error instanceof DecodeError) || (base === 0 && where === '')) throw error;
    const detail = error.message.slice(`${error.path || 'value'} at byte ${error.offset}: `.length);
    throw new DecodeError(error.fault, `${where}${error.path}`, error.offset + base, detail);
  }
}

function readTree(bytes: Uint8Array, base: number): Fdt {
  const header = readFdtHeader(bytes);
  if (bytes.length < header.totalsize) {
    throw new DecodeError('short', 'header.totalsize', 4, `the tree has ${header.totalsize} bytes, ${bytes.length} are there`);
  }
  const reservations = readReservations(bytes, header);
  const strings = bytes.slice(header.off_dt_strings, header.off_dt_strings + header.size_dt_strings);
  const root = new StructureReader(bytes, header, strings, base).tree();
  return { reservations, bootCpu: header.boot_cpuid_phys, strings: new Uint8Array(strings), root };
}

function readReservations(bytes: Uint8Array, header: FdtHeader): FdtReservation[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, header.totalsize);
  const found: FdtReservation[] = [];
  const start = header.off_mem_rsvmap;
  const end = Math.min(...[header.off_dt_struct, header.off_dt_strings, header.totalsize].filter(offset => offset > start));
  for (let at = start; ; at += 16) {
    if (at + 16 > end) {
      const fault = end === header.totalsize ? 'short' : 'overlap';
      const detail = `the list of memory reservations has no end (16 zero bytes) before byte ${end}`;
      throw new DecodeError(fault, `reservations[${found.length}]`, at, detail);
    }
    const reservation = { address: view.getBigUint64(at), size: view.getBigUint64(at + 8) };
    if (reservation.address === 0n && reservation.size === 0n) return found;
    found.push(reservation);
  }
}

const align4 = (offset: number): number => (offset + 3) & ~3;

class StructureReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #strings: Buffer;
  readonly #names = new Map<number, string>();
  readonly #base: number;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, header: FdtHeader, strings: Uint8Array, base: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#strings = Buffer.from(strings.buffer, strings.byteOffset, strings.length);
    this.#base = base;
    this.#at = header.off_dt_struct;
    this.#end = header.off_dt_struct + header.size_dt_struct;
  }

  tree(): FdtNode {
    const first = this.#token('/');
    const at = this.#at - 4;
    if (first !== FDT_BEGIN_NODE) throw new DecodeError('structure', '/', at, `the tree begins with token ${hex(first)}, not with a node`);
    const root = this.#node('', 1, at);
    const last = this.#token('/');
    if (last !== FDT_END)
      throw new DecodeError('structure', '/', this.#at - 4, `token ${hex(last)} behind the root node, FDT_END expected`);
    return root;
  }

  /** The next token; NOPs are passed over. */
  #token(path: string): number {
    for (;;) {
      if (this.#at + 4 > this.#end) throw new DecodeError('short', path, this.#at, 'the structure block ends without FDT_END');
      const token = this.#view.getUint32(this.#at);
      this.#at += 4;
      if (token !== FDT_NOP) return token;
    }
  }

  /** A node whose FDT_BEGIN_NODE has been read. */
  #node(parent: string, depth: number, offset: number): FdtNode {
    if (depth > FDT_MAX_DEPTH) throw new DecodeError('depth', parent, offset, `nodes nest deeper than ${FDT_MAX_DEPTH}`);
    const name = this.#nodeName(parent);
    const path = depth === 1 ? '' : `${parent}/${name}`;
    const properties: FdtProperty[] = [];
    const children: FdtNode[] = [];
    for (;;) {
      const token = this.#token(path || '/');
      const at = this.#at - 4;
      if (token === FDT_END_NODE) return { name, properties, children, offset: offset + this.#base };
      if (token === FDT_BEGIN_NODE) children.push(this.#node(path, depth + 1, at));
      else if (token !== FDT_PROP) {
        throw new DecodeError('structure', path || '/', at, token === FDT_END ? 'FDT_END inside a node' : `${hex(token)} is no token`);
      } else if (children.length > 0) throw new DecodeError('structure', path || '/', at, 'a property behind a sub-node');
      else properties.push(this.#property(path, at));
    }
  }

  #nodeName(parent: string): string {
    const end = this.#bytes.subarray(0, this.#end).indexOf(0, this.#at);
    if (end < 0) throw new DecodeError('short', `${parent}/`, this.#at, 'a node name without end');
    const name = latin1(this.#bytes.subarray(this.#at, end));
    this.#at = align4(end + 1);
    return name;
  }

  #property(path: string, offset: number): FdtProperty {
    if (this.#at + 8 > this.#end) throw new DecodeError('short', path || '/', offset, 'a property without length and name');
    const length = this.#view.getUint32(this.#at);
    const nameOffset = this.#view.getUint32(this.#at + 4);
    const name = this.#propertyName(nameOffset, path, this.#at + 4);
    const start = this.#at + 8;
    if (start + length > this.#end) {
      throw new DecodeError('short', `${path}/${name}`, offset, `a value of ${length} bytes, ${this.#end - start} are left`);
    }
    this.#at = align4(start + length);
    const value = new Uint8Array(this.#bytes.subarray(start, start + length));
    const padding = new Uint8Array(this.#bytes.subarray(start + length, Math.min(this.#at, this.#end)));
    const dirty = padding.some(byte => byte !== 0);
    return { name, value, nameOffset, offset: offset + this.#base, ...(dirty ? { padding } : {}) };
  }

  #propertyName(nameOffset: number, path: string, at: number): string {
    const known = this.#names.get(nameOffset);
    if (known !== undefined) return known;
    const end = nameOffset < this.#strings.length ? this.#strings.indexOf(0, nameOffset) : -1;
    if (end < 0) {
      const why =
        nameOffset < this.#strings.length ? 'a property name without end' : `no such offset in ${this.#strings.length} bytes of strings`;
      throw new DecodeError('string', path || '/', at, `name offset ${nameOffset}: ${why}`);
    }
    const name = latin1(this.#strings.subarray(nameOffset, end));
    this.#names.set(nameOffset, name);
    return name;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
