import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

const more = (value: string, before: readonly string[] = []): string[] => [...before, value];

export const flags = (made: Command) =>
  made
    .argument('<what...>', 'hex digits, or files ("-": standard input)')
    .option('--json', 'one JSON object a message (docs/decode.md names its members)')
    .option('--bytes', 'with a dump of the bytes')
    .option('--check', 'say what is wrong with the use of the TPM, in place of the messages')
    .option('--follow', 'go on as the file grows, until interrupted')
    .option('--only <name>', 'these commands and their responses; * stands for anything (more than once: any of them)', more)
    .option('--rc <code>', 'responses with this code, with their commands: a name, a number, or "failed" for all but success')
    .option('--pcap <file>', 'write the messages as a capture (pcapng) too');

export type DecodeFlags = FlagsOf<typeof flags>;
