import { command } from '../command.ts';
import { flags } from './flags.ts';

export const profiles = command({
  name: 'profiles',
  about: 'Compare the firmware profiles, or show one: each field with its reason and source, checks, weaknesses.',
  flags,
  exits: { held: 'the profiles are shown', usage: 'a profile that does not exist' },
  run: async (wanted, options, io) => (await import('./compare-profiles.ts')).profiles(wanted, options, io),
});
