import { type Command, Option } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

const viewpoint = () => new Option('--as <viewpoint>', 'only what this actor sees: hypervisor, ultravisor, svm, tpm, ...');

export const showFlags = (made: Command) =>
  made
    .argument('<trace>', 'file that "run --trace" wrote')
    .addOption(viewpoint())
    .option('--grep <regex>', 'only events whose line matches')
    .option('--event <number>', 'everything about one event')
    .option('--secrets', 'who knows which secret, and since when')
    .option('--run <number>', 'only this run of the trace, counted from 1')
    .option('-v, --verbose', 'with what is routine');

export type ShowFlags = FlagsOf<typeof showFlags>;

export const diffFlags = (made: Command) => made.argument('<a>', 'a trace').argument('<b>', 'another one').addOption(viewpoint());

export type DiffFlags = FlagsOf<typeof diffFlags>;

export const exportedFlags = (made: Command) =>
  made
    .argument('<trace>', 'file that "run --trace" wrote')
    .option('--pcap <file>', 'TPM traffic as pcapng, for Wireshark')
    .option('--mermaid [file]', 'sequence diagram for documents')
    .option('--json [file]', 'one JSON object a line, as "run --json" prints')
    .addOption(viewpoint())
    .option('-v, --verbose', 'diagram: with what is routine');

export type ExportFlags = FlagsOf<typeof exportedFlags>;
