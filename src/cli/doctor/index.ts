import { command, noFlags } from '../command.ts';

export const doctor = command({
  name: 'doctor',
  about: 'Tell which TPMs and real programs can be used here, and how to get the others.',
  flags: noFlags,
  exits: { held: 'always: what is missing here is told' },
  run: async (_options, io) => (await import('./examine.ts')).doctor(io),
});
