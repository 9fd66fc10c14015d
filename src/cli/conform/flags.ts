import { type Command, Option } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const flags = (made: Command) =>
  made
    .argument('<path...>', 'recordings, or folders of them')
    .option('--known <file>', 'list of differences that are known, with their reasons')
    .option('--filter <text>', 'only cases whose file or name contains this text')
    .option('--generation <which>', 'the versions that are played against, in place of those that a recording says it was made on')
    .option('--against <tpm>', 'play the live cases on a real TPM: swtpm, swtpm:..., mssim:..., device:/dev/tpmrm0')
    .option('--record <out>', 'with --against: write what was observed as recordings, to a file or a folder')
    .option('--allow-hardware', 'a TPM of this machine may be used, and changed')
    .addOption(new Option('-q, --quiet', 'failed cases and the count only').conflicts('verbose'))
    .option('-v, --verbose', 'with stack traces of errors');

export type ConformFlags = FlagsOf<typeof flags>;
