import { command } from '../command.ts';

export const init = command({
  name: 'init',
  about: 'Write a commented scenario to begin with.',
  flags: made => made.argument('[file]', 'where to', 'scenario.yaml'),
  exits: { held: 'the scenario is written', usage: 'wrong usage, or the file is there or cannot be written' },
  run: async (file, _options, io) => (await import('./write-scenario.ts')).init(file, io),
});
