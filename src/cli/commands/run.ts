import { loadScenario, runScenario, type Scenario, withOverrides } from '../../scenario/index.ts';
import { report } from '../errors.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';
import { reportSink } from '../run/report-sink.ts';
import { jsonSink, type Sink, terminalSink, traceSink } from '../run/sinks.ts';

interface RunFlags {
  readonly seed?: string;
  readonly tpm?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly trace?: string;
  readonly report?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** Runs the scenarios one after the other; the worst of their exit statuses. */
export async function run(files: readonly string[], flags: RunFlags, io: Io): Promise<number> {
  const { seed, tpm, profile, json, trace, report: page, quiet, verbose } = flags;
  if (json) io.err(`${DISCLAIMER}\n`);
  else io.out(`${DISCLAIMER}\n`);
  // All are checked before the first runs: a mistake in the last one should not cost a run of the others.
  const { scenarios, invalid } = await loadAll(files, io, verbose ?? false);
  if (invalid > 0) return EXIT.usage;
  const overrides = {
    ...(seed === undefined ? {} : { seed }),
    ...(tpm === undefined ? {} : { tpm }),
    ...(profile === undefined ? {} : { profile }),
  };
  const ready = scenarios.map(scenario => withOverrides(scenario, overrides));
  const sinks: Sink[] = [json ? jsonSink(io) : terminalSink(io, quiet ? 'quiet' : verbose ? 'verbose' : 'normal')];
  if (trace !== undefined) sinks.push(traceSink(trace));
  if (page !== undefined) sinks.push(reportSink(page));
  let status: number = EXIT.held;
  try {
    for (const scenario of ready) {
      for (const sink of sinks) sink.begin(scenario);
      const result = await runScenario(scenario, {
        onEvent: event => {
          for (const sink of sinks) sink.event(event);
        },
        signal: io.signal,
      });
      for (const sink of sinks) sink.end(result);
      if (result.interrupted) return EXIT.interrupted;
      if (!result.ok) status = EXIT.failed;
    }
    return status;
  } finally {
    for (const sink of sinks) sink.close();
  }
}

async function loadAll(files: readonly string[], io: Io, verbose: boolean): Promise<{ scenarios: Scenario[]; invalid: number }> {
  const scenarios: Scenario[] = [];
  let invalid = 0;
  for (const file of files) {
    try {
      scenarios.push(await loadScenario(file));
    } catch (error) {
      await report(error, io, verbose);
      invalid++;
    }
  }
  return { scenarios, invalid };
}
