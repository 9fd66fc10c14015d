import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** `svm-sim host ...`: what the people who run a host give to the owners of VMs. */
export function registerHost(program: Command, io: Io, end: (status: number) => void): void {
  const host = program.command('host').description('What the people who run a host give to the owners of VMs.');
  host
    .command('export')
    .description(
      "Boot a host and write its wrapping key's public half, and the certificates that prove where that key lies.\n" +
        'The real tools have the public key only, trusted because somebody sent it: `esm authorize --cert` checks the rest.',
    )
    .argument('[scenario]', 'the scenario whose host it is: the key is the one that a run of it has (default: a host by itself)')
    .requiredOption('-o, --output <folder>', 'where the files go; made if it is not there')
    .option('--host <name>', 'which host of the scenario')
    .option('--seed <seed>', 'where all chance comes from: the same seed gives the same files, byte for byte')
    .option('--tpm <tpm>', 'the TPM: "embedded", or where another one is reached')
    .option('--tpm-state <folder>', 'where the embedded TPM is kept, as `run --tpm-state` has it: export first, then run')
    .option('--profile <name>', "how the host's firmware behaves: documented, published, hardened")
    .option('--not-before <date>', 'from when on the certificates are valid, such as 2026-01-31 or 2026-01-31T12:00:00Z', '2020-01-01')
    .option('--days <days>', 'for how long they are valid', '10950')
    .option('--force', 'replace files that are there')
    .action(async (scenario: string | undefined, flags) => end(await (await import('./export-host.ts')).exportHost(scenario, flags, io)));
}
