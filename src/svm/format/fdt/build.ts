import type { Fdt, FdtNode, FdtReservation } from './model.ts';
import { cells, cells64, text } from './values.ts';

/** A value as it is written in a description: text gets its NUL, a number is one cell, a bigint two, `true` is an empty property. */
export type PropertyInput = Uint8Array | string | number | bigint | true;

function bytesOf(input: PropertyInput): Uint8Array {
  if (input instanceof Uint8Array) return input;
  if (input === true) return new Uint8Array(0);
  if (typeof input === 'string') return text(input);
  return typeof input === 'number' ? cells(input) : cells64(input);
}

/** A node with its properties and children in the order given. */
export function fdtNode(name: string, properties: Readonly<Record<string, PropertyInput>>, children: readonly FdtNode[] = []): FdtNode {
  return { name, properties: Object.entries(properties).map(([key, input]) => ({ name: key, value: bytesOf(input) })), children };
}

/** A tree in the order of its description, strings in the order of their first use: what dtc makes of a source file. */
export function buildFdt(
  properties: Readonly<Record<string, PropertyInput>>,
  children: readonly FdtNode[],
  { reservations = [], bootCpu = 0 }: { readonly reservations?: readonly FdtReservation[]; readonly bootCpu?: number } = {},
): Fdt {
  return { reservations, bootCpu, strings: new Uint8Array(0), root: fdtNode('', properties, children) };
}
