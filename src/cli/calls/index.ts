import { command } from '../command.ts';
import { flags } from './flags.ts';

export const calls = command({
  name: 'calls',
  about: 'List hypercalls and ultracalls, or show one: arguments, return codes, who may call, what each profile does.',
  flags,
  exits: { held: 'the calls are shown', usage: 'a call that does not exist' },
  run: async (wanted, options, io) => (await import('./list-calls.ts')).calls(wanted, options, io),
});
