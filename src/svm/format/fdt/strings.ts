/**
 * Where a name lies in a strings block, or -1. libfdt (fdt_find_string_) takes any place at which the bytes fit: `size` is
 * found inside `kernel-size`.
 */
export function findString(strings: Uint8Array, name: string): number {
  return Buffer.from(strings.buffer, strings.byteOffset, strings.length).indexOf(`${name}\0`, 0, 'latin1');
}

/** The strings block that has the name, and where. A new name goes to its end. */
export function internString(strings: Uint8Array, name: string): { readonly strings: Uint8Array; readonly offset: number } {
  const known = findString(strings, name);
  if (known >= 0) return { strings, offset: known };
  const added = Buffer.from(`${name}\0`, 'latin1');
  const longer = new Uint8Array(strings.length + added.length);
  longer.set(strings);
  longer.set(added, strings.length);
  return { strings: longer, offset: strings.length };
}

/** Whether the strings block has the name at that very place. */
export function hasStringAt(strings: Uint8Array, offset: number, name: string): boolean {
  const end = offset + name.length;
  return end < strings.length && strings[end] === 0 && Buffer.from(strings.subarray(offset, end)).toString('latin1') === name;
}
