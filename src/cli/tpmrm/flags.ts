import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';
import { swappingOption } from '../options.ts';

export const serveFlags = (made: Command) =>
  made
    .requiredOption('--listen <where>', 'unix:PATH, tcp:PORT (this machine only) or tcp:HOST:PORT')
    .option('--tpm <tpm>', 'the TPM behind it: "embedded", or where another one is reached')
    .option('--tpm-state <folder>', 'where the state of the embedded TPM is kept')
    .option('--seed <seed>', 'where the chance of the embedded TPM comes from; default: the operating system')
    .addOption(swappingOption().default('eager'))
    .option('--allow-hardware', 'a TPM of this machine may be changed; without it, what changes it for good is refused')
    .option('-q, --quiet', 'say nothing of single connections');

export type ServeFlags = FlagsOf<typeof serveFlags>;
