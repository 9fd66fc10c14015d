import { command } from '../command.ts';
import { flags } from './flags.ts';

export const learn = command({
  name: 'learn',
  about: 'Lessons that run the simulator: who holds which key, what the hypervisor sees, and why it cannot use it.',
  flags,
  exits: {
    held: 'the lessons were played, listed, or written as pages',
    usage: 'a lesson that does not exist',
    environment: 'a page cannot be written',
  },
  more: `
At a terminal single keys work: → and ← step, d shows bytes, k who knows which secret, q asks the questions,
c changes something, ? helps, x leaves. Otherwise a lesson is played from beginning to end, and the answers
are read from standard input, a line each.`,
  run: async (names, options, io) => (await import('./play-lessons.ts')).learn(names, options, io),
});
