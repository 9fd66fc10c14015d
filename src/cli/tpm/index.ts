import { command, group } from '../command.ts';
import { commandsFlags, serveFlags } from './flags.ts';

const commands = command({
  name: 'commands',
  about: 'List the commands of the TPM 2.0 library, and which of them the embedded TPM has.',
  flags: commandsFlags,
  exits: { held: 'commands are listed', failed: '--filter leaves none' },
  run: async (options, io) => (await import('./list-commands.ts')).tpmCommands(options, io),
});

const serve = command({
  name: 'serve',
  about: 'Serve the embedded TPM to other programs: tpm2-tools, IBM TSS, OpenSSL, QEMU.',
  flags: serveFlags,
  exits: { held: 'ended when it was told to', environment: 'the TPM cannot be had, or there is no way to listen' },
  run: async (options, io) => (await import('./serve-tpm.ts')).tpmServe(options, io),
});

export const tpm = group('tpm', 'The embedded TPM.', [commands, serve]);
