import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const flags = (made: Command) =>
  made.argument('[call]', 'name or number: UV_PAGE_IN, 0xF128, f128, 61736').option('--json', 'as JSON: a list, or one object');

export type CallsFlags = FlagsOf<typeof flags>;
