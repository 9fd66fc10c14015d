import { command, group } from '../command.ts';
import { checkFlags, showFlags } from './flags.ts';

const show = command({
  name: 'show',
  about: 'Show what the Ultravisor reads of a device tree: its header, its reservations, and each property with its value.',
  flags: showFlags,
  exits: { held: 'the tree is shown' },
  run: async (file, _, io) => (await import('./show-tree.ts')).showTree(file, io),
});

const check = command({
  name: 'check',
  about:
    'Whether an Ultravisor takes a device tree, and why not: a guest with stand-ins for kernel, initrd, RTAS and blob asks with it, on a\n' +
    "machine for each profile. The Ultravisor's own checks are what decides.",
  flags: checkFlags,
  exits: { held: 'it is taken', failed: 'a firmware refuses it' },
  run: async (file, options, io) => (await import('./check-tree.ts')).checkTree(file, options, io),
});

export const tree = group('tree', "A guest's device tree, such as /sys/firmware/fdt.", [show, check]);
