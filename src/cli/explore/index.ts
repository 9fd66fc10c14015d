import { command } from '../command.ts';
import { flags } from './flags.ts';

export const explore = command({
  name: 'explore',
  about: 'Run a scenario with every action of a hostile hypervisor at every moment, and say what comes of it.',
  flags,
  exits: {
    held: 'no action that was tried did what it must not',
    failed: 'an action violates an invariant',
    usage: 'wrong usage, a scenario that is not valid, or nothing ran',
    environment: 'a run ended with a fault of the simulator',
  },
  run: async (file, options, io) => (await import('./explore-scenario.ts')).explore(file, options, io),
});
