import { visible } from '../../bytes/index.ts';
import { ACTORS, SimulatorError } from '../../sim/index.ts';
import { listing, painter, readTrace, seenAs, showSingle, type TracedRun, viewpointOf, whoKnowsWhat } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import type { ShowFlags } from './flags.ts';

export async function show(file: string, flags: ShowFlags, io: Io): Promise<number> {
  const { runs } = await readTrace(file);
  const viewpoint = viewpointOf(flags.as ?? 'omniscient');
  const paint = painter(io.colors);
  const grep = flags.grep === undefined ? undefined : regex(flags.grep);
  const wanted = numbered(flags.event, '--event');
  for (const run of chosen(runs, numbered(flags.run, '--run'), file)) {
    const events = seenAs(run.events, viewpoint);
    if (wanted !== undefined) {
      const event = events.find(({ seq }) => seq === wanted);
      if (!event) throw unseen(run, wanted, flags.as, file);
      io.out(showSingle(event, events, paint));
      continue;
    }
    io.out(`\n${paint(visible(run.about.title), 'heading')}\n`);
    const told = flags.as ? `as the ${flags.as} sees it: ${events.length} of ${run.events.length} events` : `${events.length} events`;
    io.out(`${paint(`seed ${visible(run.about.seed)}, ${told}`, 'quiet')}\n`);
    if (flags.secrets) {
      for (const line of secretLines(events)) io.out(`${line}\n`);
      continue;
    }
    const { columns } = io;
    const options = { paint, ...(grep && { grep }), ...(flags.verbose && { verbose: true }), ...(columns !== undefined && { columns }) };
    for (const line of listing(events, options)) io.out(`${line}\n`);
  }
  return EXIT.held;
}

/** A table: secrets down, actors across, since which event each knows it. */
function secretLines(events: TracedRun['events']): string[] {
  const secrets = whoKnowsWhat(events);
  const actors = ACTORS.filter(actor => secrets.some(({ since }) => since.has(actor)) || actor === 'hypervisor');
  const rows = secrets.map(({ name, since, leakedTo }) => [
    name,
    ...actors.map(actor => (since.has(actor) ? `#${since.get(actor)}${leakedTo.includes(actor) ? ' LEAKED' : ''}` : '-')),
  ]);
  const table = [['secret', ...actors], ...rows];
  const widths = (table[0] ?? []).map((_, i) => Math.max(...table.map(row => row[i]?.length ?? 0)));
  return table.map(row =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function chosen(runs: readonly TracedRun[], number: number | undefined, file: string): readonly TracedRun[] {
  if (number === undefined) return runs;
  const run = runs[number - 1];
  if (run) return [run];
  throw new SimulatorError('trace.run', { where: file, what: `there is no run ${number}: it has ${runs.length}` });
}

function unseen(run: TracedRun, wanted: number, as: string | undefined, file: string): SimulatorError {
  const exists = run.events.some(({ seq }) => seq === wanted);
  const last = run.events.at(-1)?.seq ?? 0;
  const what = exists ? `the ${as} sees nothing of event #${wanted}` : `there is no event #${wanted}: they go from #0 to #${last}`;
  return new SimulatorError('trace.event', { where: file, what });
}

function numbered(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text.replace(/^#/, ''));
  if (Number.isInteger(number) && number >= 0) return number;
  throw new SimulatorError('trace.number', { where: option, what: `"${text}" is no number of an event or run` });
}

function regex(text: string): RegExp {
  try {
    return new RegExp(text, 'i');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SimulatorError('trace.grep', { where: '--grep', what: error.message });
  }
}
