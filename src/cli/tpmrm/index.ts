import { command, group } from '../command.ts';
import { serveFlags } from './flags.ts';

const serve = command({
  name: 'serve',
  about: 'Serve /dev/tpmrm0 on a socket: each connection is a space of its own.',
  flags: serveFlags,
  exits: { held: 'ended when it was told to', environment: 'the TPM cannot be had, or there is no way to listen' },
  run: async (options, io) => (await import('./serve-spaces.ts')).tpmrmServe(options, io),
});

export const tpmrm = group('tpmrm', "The TPM's resource manager, as Linux has it.", [serve]);
