import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Machine } from '../../machine/index.ts';
import {
  type CreateMachine,
  loadScenarios,
  type RunLimits,
  runScenario,
  type Scenario,
  type ScenarioReport,
  titleOf,
  withOverrides,
} from '../../scenario/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import type { UnlockProgress } from '../../svm/luks/index.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';
import { scenarioFiles } from '../scenarios/list-scenarios.ts';
import { report } from '../terminal/show-error.ts';
import { Breakpoint } from './breakpoint.ts';
import type { RunFlags } from './flags.ts';
import { keptTraces } from './kept-traces.ts';
import { redacting } from './redacting.ts';
import { reportSink } from './report-sink.ts';
import { reporterSink, summarySink } from './reporters/choose.ts';
import { runMany } from './run-many.ts';
import { jsonSink, type RunFacts, type Sink, terminalSink, traceSink } from './sinks.ts';
import type { Ran } from './tries.ts';

/** Runs the scenarios, in this order to whoever watches; the worst of their exit statuses. */
export async function run(files: readonly string[], flags: RunFlags, io: Io): Promise<number> {
  const { seed, tpm, profile, swapping, json, trace, report: page, reporter, filter, bail, quiet, verbose } = flags;
  if (json) io.err(`${DISCLAIMER}\n`);
  else io.out(`${DISCLAIMER}\n`);
  // All are checked before the first runs: a mistake in the last one should not cost a run of the others.
  const { scenarios, invalid } = await loadAll(files, io, verbose ?? false);
  if (invalid > 0) return EXIT.usage;
  const overrides = {
    ...(seed === undefined ? {} : { seed }),
    ...(tpm === undefined ? {} : { tpm }),
    ...(profile === undefined ? {} : { profile }),
    ...(swapping === undefined ? {} : { swapping }),
  };
  const ready = scenarios
    .map(scenario => withOverrides(scenario, overrides))
    .filter(scenario => filter === undefined || `${scenario.file} ${titleOf(scenario)}`.includes(filter));
  if (ready.length === 0) {
    throw new SimulatorError('cli.no-scenario', {
      what: 'there is no scenario to run',
      hint: 'Does --filter leave any? Is the folder the right one?',
    });
  }
  const kept: Sink[] = json ? [jsonSink(io)] : [];
  if (trace !== undefined) kept.push(traceSink(trace));
  if (flags.keepTrace !== undefined) kept.push(keptTraces(flags.keepTrace));
  if (page !== undefined) kept.push(reportSink(page));
  for (const spec of reporter) kept.push(reporterSink(spec, io));
  const sinks = flags.redact ? kept.map(redacting) : kept;
  if (!json) sinks.unshift(terminalSink(io, quiet ? 'quiet' : verbose ? 'verbose' : 'normal'));
  if (!json) sinks.push(summarySink(io));
  let status: number = EXIT.held;
  /** Whether the next one is to be run. */
  const ended = (scenarioReport: ScenarioReport, facts: RunFacts): boolean => {
    for (const sink of sinks) sink.end(scenarioReport, facts);
    if (scenarioReport.interrupted || scenarioReport.ended?.reason === 'break') status = EXIT.interrupted;
    else if (!scenarioReport.ok) status = EXIT.failed;
    return status !== EXIT.interrupted && (scenarioReport.ok || !bail);
  };
  try {
    const { jobs = 0, retries = 0 } = flags;
    if (jobs > 1 || retries > 0) {
      const onRan = ({ report: said, events, ...facts }: Ran, scenario: Scenario): boolean => {
        for (const sink of sinks) sink.begin(scenario);
        for (const event of events) for (const sink of sinks) sink.event(event);
        return ended(said, facts);
      };
      await runMany(ready, { limits: limitsOf(flags), retries, jobs: jobs > 1 ? jobs : 0, signal: io.signal, onRan });
    } else await watched(ready, flags, io, sinks, ended);
    // With several at once some may never have begun.
    return io.signal.aborted ? EXIT.interrupted : status;
  } finally {
    for (const sink of sinks) sink.close();
  }
}

const limitsOf = ({ timeout, virtualTimeout, maxEvents }: RunFlags): RunLimits => ({
  ...(timeout === undefined ? {} : { wallMs: timeout }),
  ...(virtualTimeout === undefined ? {} : { virtualMs: virtualTimeout }),
  ...(maxEvents === undefined ? {} : { events: maxEvents }),
});

/** Runs one after the other, shown as they happen. */
async function watched(
  scenarios: readonly Scenario[],
  flags: RunFlags,
  io: Io,
  sinks: readonly Sink[],
  ended: (report: ScenarioReport, facts: RunFacts) => boolean,
): Promise<void> {
  const breakpoint = flags.break === undefined ? undefined : new Breakpoint(flags.break, io);
  const watchers = sinks.filter(sink => sink.unlock !== undefined);
  const watch = watchers.length > 0 ? { onUnlock: (progress: UnlockProgress) => watchers.forEach(sink => sink.unlock?.(progress)) } : {};
  for (const scenario of scenarios) {
    for (const sink of sinks) sink.begin(scenario);
    const began = performance.now();
    const said = await runScenario(scenario, {
      limits: limitsOf(flags),
      now: () => performance.now(),
      onSession: session => breakpoint?.begin(session),
      onEvent: event => {
        for (const sink of sinks) sink.event(event);
        breakpoint?.event(event);
      },
      ...watch,
      signal: io.signal,
      ...machineOf(flags),
    });
    if (!ended(said, { ms: performance.now() - began, failed: [] })) break;
  }
  if (breakpoint?.missed) io.err(`--break ${flags.break}: nothing of that name happened\n`);
}

/** With `--tpm-state` each host finds its TPM as the run before left it: a folder for each name. */
function machineOf({ tpmState, allowHardware }: RunFlags): { readonly createMachine?: CreateMachine } {
  if (tpmState === undefined && !allowHardware) return {};
  const more = (name: string) => ({
    ...(tpmState === undefined ? {} : { tpmState: join(tpmState, encodeURIComponent(name)) }),
    ...(allowHardware ? { allowHardware } : {}),
  });
  return {
    createMachine: (world, hosts) =>
      Machine.create(
        world,
        hosts.map(host => ({ ...host, ...more(host.name) })),
      ),
  };
}

async function loadAll(files: readonly string[], io: Io, verbose: boolean): Promise<{ scenarios: Scenario[]; invalid: number }> {
  const scenarios: Scenario[] = [];
  let invalid = 0;
  for (const file of files) {
    try {
      const folder = (await stat(file).catch(() => undefined))?.isDirectory() ?? false;
      for (const one of folder ? await scenarioFiles(file) : [file]) scenarios.push(...(await loadScenarios(one)));
    } catch (error) {
      await report(error, io, verbose);
      invalid++;
    }
  }
  return { scenarios, invalid };
}
