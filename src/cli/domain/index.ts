import { command, group } from '../command.ts';
import { checkFlags, qemuArgsFlags } from './flags.ts';

const check = command({
  name: 'check',
  about: 'Tell whether libvirt takes the definition, and what it makes of it.',
  flags: checkFlags,
  exits: { held: 'libvirt takes every definition', usage: 'libvirt refuses one, or a file cannot be read' },
  run: async (files, _options, io) => (await import('./domain-devices.ts')).domainCheck(files, io),
});

const qemuArgs = command({
  name: 'qemu-args',
  about: "Print QEMU's options for the TPM devices.",
  flags: qemuArgsFlags,
  exits: { held: 'the options are printed', usage: 'libvirt refuses the definition, or the file cannot be read' },
  run: async (file, options, io) => (await import('./domain-devices.ts')).domainQemuArgs(file, options, io),
});

export const domain = group('domain', 'TPM devices of a libvirt domain definition, by the rules of libvirt and QEMU.', [check, qemuArgs]);
