import { command } from '../command.ts';
import { flags } from './flags.ts';

export const run = command({
  name: 'run',
  about: 'Run scenarios and show what happens.',
  flags,
  exits: {
    held: 'everything that was expected came',
    failed: 'an expectation or a standing invariant failed, or a limit was passed',
    usage: 'wrong usage, or a scenario that is not valid',
    environment: 'the environment failed, such as a TPM that cannot be reached',
  },
  run: async (files, options, io) => (await import('./run-scenarios.ts')).run(files, options, io),
});
