import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** `svm-sim learn`. */
export function registerLearn(program: Command, io: Io, end: (status: number) => void): void {
  program
    .command('learn')
    .description('Lessons that run the simulator: who holds which key, what the hypervisor sees, and why it cannot use it.')
    .argument('[lesson...]', 'numbers or names; without any, the lessons are listed')
    .option('--html <folder>', 'write the lessons as pages for a browser, in place of playing them')
    .option('--seed <seed>', 'where all chance comes from: other keys, other answers')
    .addHelpText(
      'after',
      `
At a terminal single keys work: → and ← step, d shows bytes, k who knows which secret, q asks the questions,
c changes something, ? helps, x leaves. Otherwise a lesson is played from beginning to end, and the answers
are read from standard input, a line each.`,
    )
    .action(async (names: string[], options) => end(await (await import('./play-lessons.ts')).learn(names, options, io)));
}
