import { hex } from '../../bytes/index.ts';
import { RTAS_TOKENS } from '../../spec/index.ts';
import { asAddress, asText, asU32, FDT_HEADER_BYTES, type Fdt, findProperty, readFdt, readFdtHeader } from '../../svm/format/index.ts';
import { describeTree } from '../../svm/guest/index.ts';
import { painter } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import { readTree } from './read-tree.ts';

/** What the Ultravisor reads (docs/reference/pef.md#the-tree-of-the-guest), in its order. */
const READ: readonly (readonly [path: string, name: string])[] = [
  ['/', '#address-cells'],
  ['/', '#size-cells'],
  ['/memory@0', 'reg'],
  ['/rtas', 'ibm,lrdr-capacity'],
  ['/rtas', 'linux,rtas-base'],
  ['/rtas', 'rtas-size'],
  ['/rtas', 'slof,rtas-size'],
  ['/chosen', 'linux,initrd-start'],
  ['/chosen', 'linux,initrd-end'],
  ['/chosen', 'bootargs'],
  ['/chosen', 'linux,esm-blob-start'],
  ['/chosen', 'linux,esm-blob-end'],
];

/** `tree show`. */
export async function showTree(file: string, io: Io): Promise<number> {
  const bytes = await readTree(file);
  const paint = painter(io.colors);
  const { version, totalsize, off_dt_strings, off_dt_struct } = readFdtHeader(bytes.subarray(0, FDT_HEADER_BYTES));
  const tree = readFdt(bytes);
  const tokens = Object.keys(RTAS_TOKENS).filter(name => findProperty(tree, '/rtas', name));
  const lines = [
    `${paint(file, 'heading')}: version ${version}, ${totalsize} bytes; strings at ${hex(off_dt_strings)}, structure at ${hex(off_dt_struct)}`,
    '',
    paint('Reserved', 'heading'),
    ...tree.reservations.map(({ address, size }) => `  ${hex(address)} to ${hex(address + size)} (${size} bytes)`),
    '',
    paint('What the Ultravisor reads', 'heading'),
    ...READ.map(([path, name]) => `  ${`${path === '/' ? '' : path}/${name}`.padEnd(30)} ${shownValue(tree, path, name)}`),
    `  ${'processors'.padEnd(30)} ${describeTree(bytes).vcpus}, started on ${tree.bootCpu}`,
    `  ${'RTAS tokens'.padEnd(30)} ${tokens.length} of QEMU's ${Object.keys(RTAS_TOKENS).length}`,
  ];
  io.out(`${lines.join('\n')}\n`);
  return EXIT.held;
}

function shownValue(tree: Fdt, path: string, name: string): string {
  const value = findProperty(tree, path, name);
  if (!value) return 'is not there';
  if (name === 'bootargs') return JSON.stringify(asText(value) ?? `${value.length} bytes that are no text`);
  if (value.length <= 8) return hex(asAddress(value) ?? 0n);
  return Array.from({ length: value.length >> 2 }, (_, i) => hex(asU32(value.slice(i * 4, i * 4 + 4)) ?? 0)).join(' ');
}
