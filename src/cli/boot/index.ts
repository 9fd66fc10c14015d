import { command } from '../command.ts';
import { flags } from './flags.ts';

export const boot = command({
  name: 'boot',
  about: 'Start one Secure VM on a host whose wrapping key is given.',
  flags,
  exits: { held: 'the VM becomes secure', failed: 'it does not', usage: 'wrong usage, or a file that is not what it should be' },
  run: async (options, io) => (await import('./boot-svm.ts')).boot(options, io),
});
