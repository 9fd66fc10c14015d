import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const flags = (made: Command) =>
  made
    .argument('[lesson...]', 'numbers or names; without any, the lessons are listed')
    .option('--html <folder>', 'write the lessons as pages for a browser, in place of playing them')
    .option('--seed <seed>', 'where all chance comes from: other keys, other answers');

export type LearnFlags = FlagsOf<typeof flags>;
