import { command, group } from '../command.ts';
import { dumpFlags } from './flags.ts';

const dump = command({
  name: 'dump',
  about: 'Write the ACPI tables of the boards of a scenario, as they lie in memory: BOARD-TABLE.dat each, for iasl -d.',
  flags: dumpFlags,
  exits: {
    held: 'the tables are written',
    usage: 'wrong usage, or a scenario without such a board',
    environment: 'a file cannot be written',
  },
  run: async (scenario, options, io) => (await import('./dump-tables.ts')).dump(scenario, options, io),
});

export const acpi = group('acpi', 'What a board tells an operating system of its TPM.', [dump]);
