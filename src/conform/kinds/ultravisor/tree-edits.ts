import { fromHex, setU32, utf8 } from '../../../bytes/index.ts';
import {
  addReservation,
  addSubnode,
  asU32,
  cells,
  deleteNode,
  deleteProperty,
  type Fdt,
  type FdtNode,
  findNode,
  findProperty,
  readFdt,
  setProperty,
  walk,
  writeFdt,
} from '../../../svm/format/index.ts';
import type { Edit } from './ultravisor-recording.ts';

/** Where the fields of the header lie, by their names in libfdt without a prefix. */
const HEADER_FIELD: Readonly<Record<string, number>> = {
  magic: 0,
  tot: 4,
  totalsize: 4,
  struct: 8,
  strings: 12,
  rsvmap: 16,
  ver: 20,
  version: 20,
  last: 24,
  boot: 28,
  size_strings: 32,
  size_struct: 36,
};
const UV_TPM = 'ibm,uv-tpm';
const FILLER = 'svm-sim,filler';

/** A name that no edit of this player has. */
export class UnknownEdit extends Error {}

/** The path of the node that a recording calls `@tpm`. */
const pathOf = (tree: Fdt, path: string): string => {
  if (path !== '@tpm') return path;
  for (const { path: found, node } of walk(tree.root)) if (node.name === UV_TPM) return found;
  return `/${UV_TPM}`;
};

const renamed = (node: FdtNode, steps: readonly string[], to: string): FdtNode => {
  const [step, ...rest] = steps;
  const index = node.children.findIndex(({ name }) => name === step);
  const child = node.children[index];
  if (!child) throw new RangeError(`no node ${step}`);
  return { ...node, children: node.children.with(index, rest.length === 0 ? { ...child, name: to } : renamed(child, rest, to)) };
};

/** The recording's trees are written anew after each edit: names that nobody has any more are gone. */
function withoutUnusedStrings(tree: Fdt): Fdt {
  const bare = ({ name, properties, children }: FdtNode): FdtNode => ({
    name,
    properties: properties.map(property => ({ name: property.name, value: property.value })),
    children: children.map(bare),
  });
  return { ...tree, strings: new Uint8Array(0), root: bare(tree.root) };
}

/** Lengthens the tree by a property, so that it takes all of `total` bytes. */
function filled(tree: Fdt, total: number): Fdt {
  const marked = setProperty(tree, '/', FILLER, new Uint8Array(0));
  const room = total - writeFdt(marked).length;
  return setProperty(tree, '/', FILLER, new Uint8Array(room));
}

/**
 * The bytes of a tree after the edits of a recording, made as libfdt makes them.
 * @param room bytes of free room behind the tree that count in totalsize.
 */
export function editTree(bytes: Uint8Array, edits: readonly Edit[], room = 0): Uint8Array | null {
  let tree = readFdt(bytes);
  let behind = room;
  let total = 0;
  const header: (readonly [field: string, value: number])[] = [];
  for (const [name, ...args] of edits) {
    const [first, property = '', third] = args as readonly string[];
    const path = pathOf(tree, String(first));
    const value = (): Uint8Array => (findProperty(tree, path, property) ?? new Uint8Array(0)).slice();
    const set = (to: Uint8Array): void => {
      tree = setProperty(tree, path, property, to);
    };
    switch (name) {
      case 'rmnode':
        tree = withoutUnusedStrings(deleteNode(tree, path));
        break;
      case 'rmprop':
        tree = withoutUnusedStrings(deleteProperty(tree, path, property));
        break;
      case 'set':
        set(fromHex(third ?? ''));
        break;
      case 'append':
        set(Uint8Array.from([...value(), ...fromHex(third ?? '')]));
        break;
      case 'cut':
        set(value().slice(0, Number(third)));
        break;
      case 'flip': {
        const flipped = value();
        const at = Number(third) < 0 ? flipped.length + Number(third) : Number(third);
        flipped[at] = (flipped[at] ?? 0) ^ 1;
        set(flipped);
        break;
      }
      case 'patch': {
        const patched = value();
        patched.set(fromHex(String(args[3])), Number(third));
        set(patched);
        break;
      }
      case 'nulto':
        set(Uint8Array.from([...value().slice(0, -1), ...fromHex(third ?? '')]));
        break;
      case 'addu32':
        set(cells((asU32(value()) ?? 0) + Number(third)));
        break;
      case 'rename':
        tree = { ...tree, root: renamed(tree.root, path.split('/').slice(1), property.split('/').pop() ?? '') };
        break;
      case 'addnode':
        tree = addSubnode(tree, path, property);
        break;
      case 'boot':
        tree = { ...tree, bootCpu: Number(first) };
        break;
      case 'hdr':
        header.push([String(first), Number(property)]);
        break;
      case 'room':
        behind = Number(first);
        break;
      case 'fill':
        total = Number(first);
        break;
      case 'rsv':
        tree = addReservation(tree, { address: BigInt(String(first)), size: BigInt(property) });
        break;
      case 'norsv':
        tree = { ...tree, reservations: [] };
        break;
      case 'nest': {
        const node = findNode(tree, pathOf(tree, '@tpm'));
        if (!node) throw new RangeError(`no node ${UV_TPM}`);
        const above: FdtNode = { name: 'ibm,uv-fdt', properties: [{ name: 'compatible', value: utf8('ibm,uv-fdt\0') }], children: [node] };
        tree = deleteNode(tree, pathOf(tree, '@tpm'));
        tree = { ...tree, root: { ...tree.root, children: [above, ...tree.root.children] } };
        break;
      }
      case 'none':
        return null;
      default:
        throw new UnknownEdit(`no edit "${name}" of a device tree is known`);
    }
  }
  const written = total > 0 ? writeFdt(filled(tree, total)) : writeFdt(tree, writeFdt(tree).length + behind);
  for (const [field, to] of header) {
    const at = HEADER_FIELD[field];
    if (at === undefined) throw new UnknownEdit(`no header field "${field}" is known`);
    setU32(written, at, to);
  }
  return written;
}
