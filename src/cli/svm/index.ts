import { command, group } from '../command.ts';
import { addFlags } from './flags.ts';

const add = command({
  name: 'add',
  about: 'Put an ESM blob in front of an initrd, in an archive of its own.',
  flags: addFlags,
  exits: { held: 'the initrd is written', environment: 'the initrd cannot be written' },
  run: async (options, io) => (await import('./add-blob.ts')).add(options, io),
});

export const svm = group('svm', "The owner's side: bring an ESM blob to the Secure VM, as svm-tool does.", [add]);
