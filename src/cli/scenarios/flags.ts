import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const flags = (made: Command) =>
  made.option('--filter <text>', 'only those that contain this text').option('-l, --long', 'with what each of them teaches');

export type ScenariosFlags = FlagsOf<typeof flags>;
