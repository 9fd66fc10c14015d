import { command } from '../command.ts';

export const validate = command({
  name: 'validate',
  about: 'Check scenario files without running them.',
  flags: made => made.argument('<file...>', 'scenario files, or folders of them').option('-v, --verbose', 'with stack traces of errors'),
  exits: { held: 'every scenario is valid', usage: 'a scenario is not valid' },
  run: async (files, _options, io) => (await import('./validate-scenarios.ts')).validate(files, io),
});
