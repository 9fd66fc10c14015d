import { command } from '../command.ts';
import { flags } from './flags.ts';

export const scenarios = command({
  name: 'scenarios',
  about: 'List the scenarios that come with svm-sim.',
  flags,
  exits: { held: 'scenarios are listed', failed: '--filter leaves none' },
  run: async (options, io) => (await import('./list-scenarios.ts')).scenarios(options, io),
});
