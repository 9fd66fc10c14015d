import { type Fdt, type FdtNode, type FdtReservation, isNamed, pathSteps } from './model.ts';
import { internString } from './strings.ts';

// Editing as libfdt edits (dtc libfdt/fdt_rw.c), each function giving a new tree: what is new goes first among its kind, strings go last
// and stay. So a tree made with the same calls has the same bytes as one made by libfdt.

function change(node: FdtNode, steps: readonly string[], edit: (node: FdtNode) => FdtNode, path: string): FdtNode {
  const [step, ...rest] = steps;
  if (step === undefined) return edit(node);
  const index = node.children.findIndex(child => isNamed(child, step));
  const child = node.children[index];
  if (!child) throw new RangeError(`the tree has no node ${path}`);
  return { ...node, children: node.children.with(index, change(child, rest, edit, path)) };
}

const at = (tree: Fdt, path: string, edit: (node: FdtNode) => FdtNode): Fdt => ({
  ...tree,
  root: change(tree.root, pathSteps(path), edit, path),
});

/** A tree with nothing but its root. */
export const emptyFdt = (): Fdt => ({
  reservations: [],
  bootCpu: 0,
  strings: new Uint8Array(0),
  root: { name: '', properties: [], children: [] },
});

/** fdt_setprop: a new property becomes the node's first, one that exists keeps its place. */
export function setProperty(tree: Fdt, path: string, name: string, value: Uint8Array): Fdt {
  const { strings, offset } = internString(tree.strings, name);
  const edited = at(tree, path, node => {
    const index = node.properties.findIndex(property => property.name === name);
    const old = node.properties[index];
    if (old) return { ...node, properties: node.properties.with(index, { name, value, nameOffset: old.nameOffset ?? offset }) };
    return { ...node, properties: [{ name, value, nameOffset: offset }, ...node.properties] };
  });
  return { ...edited, strings };
}

/** fdt_add_subnode: the new node becomes its parent's first. */
export function addSubnode(tree: Fdt, parent: string, name: string): Fdt {
  return at(tree, parent, node => {
    if (node.children.some(child => isNamed(child, name))) throw new RangeError(`${parent} has a node ${name} already`);
    return { ...node, children: [{ name, properties: [], children: [] }, ...node.children] };
  });
}

/** fdt_del_node. */
export function deleteNode(tree: Fdt, path: string): Fdt {
  const steps = pathSteps(path);
  const name = steps.pop();
  if (name === undefined) throw new RangeError('the root cannot be deleted');
  return at(tree, steps.join('/'), node => {
    const index = node.children.findIndex(child => isNamed(child, name));
    if (index < 0) throw new RangeError(`the tree has no node ${path}`);
    return { ...node, children: node.children.toSpliced(index, 1) };
  });
}

/** fdt_delprop. */
export function deleteProperty(tree: Fdt, path: string, name: string): Fdt {
  return at(tree, path, node => {
    const index = node.properties.findIndex(property => property.name === name);
    if (index < 0) throw new RangeError(`${path} has no property ${name}`);
    return { ...node, properties: node.properties.toSpliced(index, 1) };
  });
}

/** fdt_add_mem_rsv: behind the others. */
export const addReservation = (tree: Fdt, reservation: FdtReservation): Fdt => ({
  ...tree,
  reservations: [...tree.reservations, reservation],
});
