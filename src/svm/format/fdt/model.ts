/** One property. Names are Latin-1: one character a byte, so that no name is lost in decoding. */
export interface FdtProperty {
  readonly name: string;
  readonly value: Uint8Array;
  /** Where the name lies in the strings block, when the tree was read or edited. */
  readonly nameOffset?: number;
  /** First byte of the property in the bytes it was read from. */
  readonly offset?: number;
  /** Bytes between the value and the next 4-byte boundary, when they are not zero: libfdt does not clear them. */
  readonly padding?: Uint8Array;
}

export interface FdtNode {
  readonly name: string;
  readonly properties: readonly FdtProperty[];
  readonly children: readonly FdtNode[];
  /** First byte of the node in the bytes it was read from. */
  readonly offset?: number;
}

export interface FdtReservation {
  readonly address: bigint;
  /** bytes */
  readonly size: bigint;
}

/** A flattened device tree. Order of nodes, properties and strings is kept: it is part of what is on the wire. */
export interface Fdt {
  readonly reservations: readonly FdtReservation[];
  /** boot_cpuid_phys */
  readonly bootCpu: number;
  /** The strings block. Strings stay in it when the last property of that name goes, as with libfdt. */
  readonly strings: Uint8Array;
  readonly root: FdtNode;
}

/** libfdt's fdt_nodename_eq_: the unit address may be left out. */
export function isNamed(node: FdtNode, name: string): boolean {
  return node.name === name || (!name.includes('@') && node.name.startsWith(`${name}@`));
}

export const pathSteps = (path: string): string[] => path.split('/').filter(step => step !== '');

/** The node at a path such as `/lockboxes/lockbox-1`; of several that fit the first, as libfdt's fdt_path_offset. */
export function findNode(tree: Fdt, path: string): FdtNode | undefined {
  let node: FdtNode | undefined = tree.root;
  for (const step of pathSteps(path)) node = node?.children.find(child => isNamed(child, step));
  return node;
}

/** The first property of that name. */
export function propertyOf(node: FdtNode | undefined, name: string): FdtProperty | undefined {
  return node?.properties.find(property => property.name === name);
}

/** The value of a property of the node at a path. */
export function findProperty(tree: Fdt, path: string, name: string): Uint8Array | undefined {
  return propertyOf(findNode(tree, path), name)?.value;
}

/** Every node with its path, parents first. */
export function* walk(node: FdtNode, path = ''): Generator<{ readonly path: string; readonly node: FdtNode }> {
  yield { path: path || '/', node };
  for (const child of node.children) yield* walk(child, `${path}/${child.name}`);
}
