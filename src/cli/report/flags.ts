import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const flags = (made: Command) =>
  made
    .argument('<trace>', 'file that "run --trace" wrote')
    .requiredOption('-o, --output <file>', 'the page; it needs no network and nothing beside it')
    .option('--redact', 'without keys, passphrases and other secrets')
    .option('--as <viewpoint>', 'with what this actor sees and nothing else');

export type ReportFlags = FlagsOf<typeof flags>;
