import { command, group } from '../command.ts';
import { decryptFlags, infoFlags } from './flags.ts';

const info = command({
  name: 'info',
  about: 'Show the header of a volume. No passphrase is needed.',
  flags: infoFlags,
  exits: { held: 'it is shown' },
  run: async (image, options, io) => (await import('./volume-info.ts')).info(image, options, io),
});

const decrypt = command({
  name: 'decrypt',
  about: 'Decrypt the payload of a volume into a file.',
  flags: decryptFlags,
  exits: {
    held: 'the payload is written',
    failed: 'no key slot opens: nothing is written',
    usage: 'wrong usage, or a volume that cannot be read',
    environment: 'the payload cannot be written, or Argon2 wants more memory than there is',
  },
  run: async (image, options, io) => (await import('./decrypt-volume.ts')).decrypt(image, options, io),
});

export const luks = group('luks', 'The locked disk: LUKS1 and LUKS2 volumes as cryptsetup makes them.', [info, decrypt]);
