import { U } from '../../spec/index.ts';
import { type Fdt, walk } from '../../svm/format/index.ts';
import type { Ultravisor } from '../core/ultravisor.ts';
import { EsmRefused } from './esm-refused.ts';

/** Nodes of a guest's tree, by the name before the unit address, with the properties that they may have. */
const LISTED: Readonly<Record<string, readonly string[]>> = {
  '': ['#address-cells', '#size-cells', 'compatible', 'model', 'system-id', 'vm,uuid', 'host-model', 'host-serial', 'device_type', 'name'],
  memory: ['device_type', 'reg', 'ibm,associativity', 'name'],
  cpus: ['#address-cells', '#size-cells', 'name'],
  'PowerPC,POWER9': ['device_type', 'reg', 'ibm,ppc-interrupt-server#s', 'name'],
  rtas: [
    ...['linux,rtas-base', 'linux,rtas-entry', 'rtas-size', 'slof,rtas-size', 'ibm,lrdr-capacity', 'name'],
    ...['display-character', 'get-time-of-day', 'power-off', 'system-reboot', 'ibm,os-term'],
  ],
  vdevice: ['#address-cells', '#size-cells', 'compatible', 'device_type', 'name'],
  vtpm: ['reg', 'compatible', 'device_type', 'ibm,my-dma-window', 'name'],
  chosen: ['bootargs', 'linux,initrd-start', 'linux,initrd-end', 'linux,esm-blob-start', 'linux,esm-blob-end', 'name'],
};

/** The first node or property that is not listed; null: all are. */
function stranger(tree: Fdt): string | null {
  for (const { path, node } of walk(tree.root)) {
    const kind = node.name.replace(/@.*/, '');
    const properties = LISTED[kind];
    if (!properties || path.split('/').length > 3) return path;
    for (const { name } of node.properties) if (!properties.includes(name)) return `${path}/${name}`;
  }
  return null;
}

/**
 * With `deviceTree: listed names`, nothing may stand in the tree that steers the guest in a way its owner cannot know
 * (docs/reference/decisions.md#limits-of-hardening).
 */
export function checkTreeNames(uv: Ultravisor, tree: Fdt): void {
  if (uv.profile.deviceTree === 'any') return;
  const found = stranger(tree);
  if (found === null) return;
  const detail = `the device tree has ${found}, which is not listed`;
  if (!uv.check('device-tree-names', false, detail, 'docs/profiles.md#fields'))
    throw new EsmRefused(U.P2, 'device-tree-names', detail, 'docs/profiles.md#fields', true);
}
