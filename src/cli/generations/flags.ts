import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const flags = (made: Command) =>
  made
    .argument('[what]', '"diff": every named difference between two generations')
    .argument('[from]', 'a generation, or single versions: sid, or libtpms=0.10.2,profile=default-v1')
    .argument('[to]', 'another one')
    .option('--json', 'as JSON');

export type GenerationsFlags = FlagsOf<typeof flags>;
