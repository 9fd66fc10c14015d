import { command, group } from '../command.ts';
import { diffFlags, exportedFlags, showFlags } from './flags.ts';

const show = command({
  name: 'show',
  about: 'Show the events of a trace.',
  flags: showFlags,
  exits: { held: 'it is shown' },
  run: async (file, options, io) => (await import('./show-trace.ts')).show(file, options, io),
});

const diff = command({
  name: 'diff',
  about: 'Show the first event at which two runs part, and why.',
  flags: diffFlags,
  exits: { held: 'the traces are the same', failed: 'they differ', usage: 'wrong usage, or a trace that cannot be read' },
  run: async (a, b, options, io) => (await import('./diff-traces.ts')).diff(a, b, options, io),
});

const exported = command({
  name: 'export',
  about: 'Write a trace in the form of other programs.',
  flags: exportedFlags,
  exits: { held: 'it is written', environment: 'a file cannot be written' },
  run: async (file, options, io) => (await import('./export-trace.ts')).exportTrace(file, options, io),
});

export const trace = group('trace', 'Show, compare and export traces that "run --trace" wrote.', [show, diff, exported]);
