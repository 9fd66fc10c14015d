import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';
import { atLeast, milliseconds } from '../options.ts';

export const serveFlags = (made: Command) =>
  made
    .argument('<scenario>', 'what is played on each firmware that connects')
    .requiredOption('--listen <where>', 'where firmware connects: unix:PATH')
    .option('--runs <n>', 'end after so many runs (default: until interrupted)', atLeast(1))
    .option('--patience <time>', 'wall time in which the firmware must answer: 500ms, 30s (default: 10s)', milliseconds)
    .option('--trace <file>', 'write every event of the last run to a file')
    .option('--report <file>', 'make one HTML page that shows the last run')
    .option('-q, --quiet', 'verdicts only')
    .option('-v, --verbose', 'every event, with its fields and bytes');

export type ServeFlags = FlagsOf<typeof serveFlags>;
