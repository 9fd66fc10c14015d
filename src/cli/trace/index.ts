import type { Command } from 'commander';
import { Option } from 'commander';
import type { Io } from '../io.ts';

/** `svm-sim trace show|diff|export`. */
export function registerTrace(program: Command, io: Io, end: (status: number) => void): void {
  const trace = program.command('trace').description('Show, compare and export traces that "run --trace" wrote.');
  const as = () => new Option('--as <viewpoint>', 'only what this actor sees: hypervisor, ultravisor, svm, tpm, ...');

  trace
    .command('show')
    .description('Show the events of a trace.')
    .argument('<trace>', 'file that "run --trace" wrote')
    .addOption(as())
    .option('--grep <regex>', 'only events whose line matches')
    .option('--event <number>', 'everything about one event')
    .option('--secrets', 'who knows which secret, and since when')
    .option('--run <number>', 'only this run of the trace, counted from 1')
    .option('-v, --verbose', 'with what is routine')
    .action(async (file: string, options) => end(await (await import('./show-trace.ts')).show(file, options, io)));

  trace
    .command('diff')
    .description('Show the first event at which two runs part, and why.')
    .argument('<a>', 'a trace')
    .argument('<b>', 'another one')
    .addOption(as())
    .action(async (a: string, b: string, options) => end(await (await import('./diff-traces.ts')).diff(a, b, options, io)));

  trace
    .command('export')
    .description('Write a trace in the form of other programs.')
    .argument('<trace>', 'file that "run --trace" wrote')
    .option('--pcap <file>', 'TPM traffic as pcapng, for Wireshark')
    .option('--mermaid [file]', 'sequence diagram for documents')
    .option('--json [file]', 'one JSON object a line, as "run --json" prints')
    .addOption(as())
    .option('-v, --verbose', 'diagram: with what is routine')
    .action(async (file: string, options) => end(await (await import('./export-trace.ts')).exportTrace(file, options, io)));
}
