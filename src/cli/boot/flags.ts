import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const flags = (made: Command) =>
  made
    .requiredOption('--kernel <file>', 'vmlinux, or the flat image')
    .requiredOption('--initrd <file>', 'the initrd, with or without the blob in front')
    .requiredOption('--key <file>', "private key that stands for the host's wrapping key (RSA-2048)")
    .option('--blob <file>', 'the ESM blob, placed by the boot wrapper (default: the one in the initrd)')
    .option('--bootargs <text>', 'the kernel command line')
    .option('--bootargs-file <file>', 'a file with the kernel command line; every byte counts')
    .option('--rtas <file>', 'the RTAS code (default: the one that svm-tool has built in)')
    .option('--passphrase-file <file>', "the private key's passphrase is the first line of this file")
    .option('--profile <name>', 'how the firmware of the host behaves: documented, published, hardened')
    .option('--seed <seed>', 'where all chance comes from')
    .option('--json', 'one JSON object a line on standard output')
    .option('--trace <file>', 'write every event to a file')
    .option('--report <file>', 'make one HTML page that shows the run')
    .option('-q, --quiet', 'the verdict only')
    .option('-v, --verbose', 'every event, with its fields and bytes');

export type BootFlags = FlagsOf<typeof flags>;
