import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** `svm-sim decode`. */
export function registerDecode(program: Command, io: Io, end: (status: number) => void): void {
  program
    .command('decode')
    .description('Decode TPM commands and responses: hex digits, a file with bytes, a log with hex in it, or a capture (pcap, pcapng).')
    .argument('<what...>', 'hex digits, or files ("-": standard input)')
    .option('--json', 'one JSON object a message')
    .option('--bytes', 'with a dump of the bytes')
    .action(async (what: string[], options) => end(await (await import('./decode-messages.ts')).decode(what, options, io)));
}
