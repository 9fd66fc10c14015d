import { command } from '../command.ts';
import { flags } from './flags.ts';

export const generations = command({
  name: 'generations',
  about: 'The versions of programs that can be chosen together or alone, and what one generation does otherwise than another.',
  flags,
  exits: { held: 'they are shown', usage: 'a generation that does not exist' },
  run: async (what, from, to, options, io) => (await import('./list-generations.ts')).generations(what, from, to, options, io),
});
