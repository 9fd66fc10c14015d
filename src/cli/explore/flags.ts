import { type Command, Option } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';
import { atLeast } from '../options.ts';

export const flags = (made: Command) =>
  made
    .argument('<file>', 'a scenario that holds')
    .addOption(new Option('--depth <n>', '1: one action a run (default); 2: pairs of them as well').choices(['1', '2'] as const))
    .option('--interrupt', 'in place of an adversary: a machine reset and a loss of power at every event, then all of it again')
    .option('--budget <n>', 'at most so many runs', atLeast(1))
    .option('--jobs <n>', 'worker threads; 0: none (default: one for each processor)', atLeast(0))
    .option('--seed <seed>', 'where all chance comes from')
    .option('--profile <name>', 'how the firmware of every host behaves')
    .option('--filter <text>', 'only actions whose description contains this text')
    .option('--out <folder>', 'write each violation as a scenario that shows it again')
    .option('--json', 'one JSON object a run on standard output')
    .option('-v, --verbose', 'with stack traces of errors');

export type ExploreFlags = FlagsOf<typeof flags>;
