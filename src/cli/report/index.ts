import { command } from '../command.ts';
import { flags } from './flags.ts';

export const report = command({
  name: 'report',
  about: 'Make one HTML page that shows a trace: who did what, who saw which bytes, who knows which secret.',
  flags,
  exits: { held: 'the page is written', environment: 'the page cannot be written' },
  run: async (file, options, io) => (await import('./make-page.ts')).report(file, options, io),
});
