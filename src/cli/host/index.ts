import { command, group } from '../command.ts';
import { exportedFlags } from './flags.ts';

const exported = command({
  name: 'export',
  about:
    "Boot a host and write its wrapping key's public half, and the certificates that prove where that key lies.\n" +
    'The real tools have the public key only, trusted because somebody sent it: `esm authorize --cert` checks the rest.',
  flags: exportedFlags,
  exits: { held: 'the files are written', environment: 'the TPM cannot be had, or a file cannot be written' },
  run: async (scenario, options, io) => (await import('./export-host.ts')).exportHost(scenario, options, io),
});

export const host = group('host', 'What the people who run a host give to the owners of VMs.', [exported]);
