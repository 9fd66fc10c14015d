import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const infoFlags = (made: Command) => made.argument('<image>', 'image file').option('--json', 'as one JSON object');

export type InfoFlags = FlagsOf<typeof infoFlags>;

export const decryptFlags = (made: Command) =>
  made
    .argument('<image>', 'image file')
    .requiredOption('-o, --output <file>', 'where the payload goes')
    .option('--passphrase-file <file>', 'the passphrase; every byte counts, a newline at the end too (default: asked for)')
    .option('--key-slot <number>', 'try this key slot only')
    .option('--force', 'replace the output file if it is there')
    .option('-q, --quiet', 'no progress');

export type DecryptFlags = FlagsOf<typeof decryptFlags>;
