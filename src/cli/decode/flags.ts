import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const flags = (made: Command) =>
  made
    .argument('<what...>', 'hex digits, or files ("-": standard input)')
    .option('--json', 'one JSON object a message')
    .option('--bytes', 'with a dump of the bytes');

export type DecodeFlags = FlagsOf<typeof flags>;
