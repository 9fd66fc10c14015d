import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const dumpFlags = (made: Command) =>
  made
    .argument('<scenario>', 'scenario file with boards')
    .option('-o, --output <folder>', 'where the files go', '.')
    .option('--board <name>', 'of this board only')
    .option('--force', 'replace files that are there');

export type DumpFlags = FlagsOf<typeof dumpFlags>;
