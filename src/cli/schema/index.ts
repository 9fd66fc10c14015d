import { command } from '../command.ts';
import { flags } from './flags.ts';

export const schema = command({
  name: 'schema',
  about: 'Print the JSON Schema of scenario files, for editors.',
  flags,
  exits: { held: 'the schema is printed, or the file of --check holds it', failed: 'the file of --check is out of date' },
  run: async (options, io) => (await import('./print-schema.ts')).schema(options, io),
});
