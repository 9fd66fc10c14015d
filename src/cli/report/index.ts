import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** `svm-sim report`. */
export function registerReport(program: Command, io: Io, end: (status: number) => void): void {
  program
    .command('report')
    .description('Make one HTML page that shows a trace: who did what, who saw which bytes, who knows which secret.')
    .argument('<trace>', 'file that "run --trace" wrote')
    .requiredOption('-o, --output <file>', 'the page; it needs no network and nothing beside it')
    .option('--as <viewpoint>', 'with what this actor sees and nothing else')
    .action(async (file: string, options) => end(await (await import('./make-page.ts')).report(file, options, io)));
}
