import { command } from '../command.ts';
import { flags } from './flags.ts';

export const conform = command({
  name: 'conform',
  about: 'Play recorded observations of the real programs against the simulator.',
  flags,
  exits: {
    held: 'every case is as recorded, or differs as --known says',
    failed: 'a case differs',
    usage: 'wrong usage, or a recording that cannot be read',
  },
  run: async (paths, options, io) => (await import('./play-recordings.ts')).conform(paths, options, io),
});
