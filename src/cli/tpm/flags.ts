import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const commandsFlags = (made: Command) =>
  made.option('--filter <text>', 'only those that contain this text').option('--json', 'one JSON object a command on standard output');

export type CommandsFlags = FlagsOf<typeof commandsFlags>;

export const serveFlags = (made: Command) =>
  made
    .option('--listen <where>', 'commands: unix:PATH, tcp:PORT (this machine only, default tcp:2321) or tcp:HOST:PORT')
    .option('--protocol <name>', 'swtpm: commands as they are (default); mssim: the protocol of the TCG simulator')
    .option('--ctrl <where>', "swtpm's control channel or the simulator's platform port; default with tcp: the next port")
    .option('--state <folder>', 'where its state is kept; without it the TPM is new, and gone at the end')
    .option(
      '--generation <which>',
      'of which libtpms and swtpm it is: debian12 (default), debian13, sid, or single ones as in "libtpms=0.10.2"',
    )
    .option('--profile <name>', 'of libtpms 0.10: null (default) or default-v1')
    .option('--startup <kind>', 'what it is told when it is switched on: clear (default), state, none')
    .option('--log <file>', 'write commands and responses as pcapng, for Wireshark')
    .option('--seed <seed>', 'where its chance comes from; default: the operating system')
    .option('-q, --quiet', 'say nothing of single connections');

export type ServeFlags = FlagsOf<typeof serveFlags>;
