import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const exportedFlags = (made: Command) =>
  made
    .argument('[scenario]', 'the scenario whose host it is: the key is the one that a run of it has (default: a host by itself)')
    .requiredOption('-o, --output <folder>', 'where the files go; made if it is not there')
    .option('--host <name>', 'which host of the scenario')
    .option('--seed <seed>', 'where all chance comes from: the same seed gives the same files, byte for byte')
    .option('--tpm <tpm>', 'the TPM: "embedded", or where another one is reached')
    .option('--tpm-state <folder>', 'where the embedded TPM is kept, as `run --tpm-state` has it: export first, then run')
    .option('--profile <name>', "how the host's firmware behaves: documented, published, hardened")
    .option('--not-before <date>', 'from when on the certificates are valid, such as 2026-01-31 or 2026-01-31T12:00:00Z', '2020-01-01')
    .option('--days <days>', 'for how long they are valid', '10950')
    .option('--force', 'replace files that are there');

export type ExportFlags = FlagsOf<typeof exportedFlags>;
