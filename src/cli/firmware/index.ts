import { command, group } from '../command.ts';
import { serveFlags } from './flags.ts';

const serve = command({
  name: 'serve',
  about:
    'Be the machine for an Ultravisor of your own: it connects, a scenario is played on it, and the timeline tells what happened.\n' +
    'A scenario can also say where your Ultravisor listens (ultravisor: { external: unix:PATH }), for svm-sim run.',
  flags: serveFlags,
  exits: {
    held: 'every run held',
    failed: 'an expectation or a standing invariant failed in a run',
    environment: 'there is no way to listen, or a firmware that speaks something else',
  },
  more: '\nSee docs/own-firmware.md: from nothing to a first boot, the protocol, and an example in C.\n',
  run: async (scenario, options, io) => (await import('./serve-firmware.ts')).serveFirmware(scenario, options, io),
});

export const firmware = group('firmware', 'An Ultravisor of your own in the loop.', [serve]);
