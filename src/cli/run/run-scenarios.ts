import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Machine, parseGeneration } from '../../machine/index.ts';
import {
  type CreateMachine,
  loadScenarios,
  type RunLimits,
  runScenario,
  type Scenario,
  ScenarioError,
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
import { type Broken, jsonSink, type RunFacts, type Sink, terminalSink, traceSink } from './sinks.ts';
import { type Ran, stopwatch } from './tries.ts';

/** Runs the scenarios, in this order to whoever watches; the worst of their exit statuses. */
export async function run(files: readonly string[], flags: RunFlags, io: Io): Promise<number> {
  const { seed, tpm, profile, swapping, generation, ultravisor, json, trace, report: page, reporter, filter, bail, quiet, verbose } = flags;
  if (json) io.err(`${DISCLAIMER}\n`);
  else io.out(`${DISCLAIMER}\n`);
  const { scenarios, broken, named } = await loadAll(files);
  for (const { error } of broken) await report(error, io, verbose ?? false);
  const overrides = {
    ...(seed === undefined ? {} : { seed }),
    ...(tpm === undefined ? {} : { tpm }),
    ...(profile === undefined ? {} : { profile }),
    ...(swapping === undefined ? {} : { swapping }),
    ...(generation === undefined ? {} : { generation: parseGeneration(generation, '--generation') }),
    ...(ultravisor === undefined ? {} : { ultravisor }),
  };
  // A file of a folder is reported and the others run; a file that was named is one that the person knows of, and is to be put right first.
  const ready = (named ? [] : scenarios)
    .map(scenario => withOverrides(scenario, overrides))
    .filter(scenario => filter === undefined || `${scenario.file} ${titleOf(scenario)}`.includes(filter));
  if (ready.length === 0 && broken.length === 0) {
    throw new SimulatorError('cli.no-scenario', {
      what: 'nothing ran: there is no scenario to run',
      hint: 'Does --filter leave any? Is the folder the right one?',
    });
  }
  const kept: Sink[] = json ? [jsonSink(io)] : [];
  if (ready.length > 0) {
    if (trace !== undefined) kept.push(traceSink(trace));
    if (flags.keepTrace !== undefined) kept.push(keptTraces(flags.keepTrace));
    if (page !== undefined) kept.push(reportSink(page));
  }
  for (const spec of reporter) kept.push(reporterSink(spec, io));
  const sinks = flags.redact ? kept.map(redacting) : kept;
  if (!json) sinks.unshift(terminalSink(io, quiet ? 'quiet' : verbose ? 'verbose' : 'normal'));
  if (!json) sinks.push(summarySink(io));
  let status: number = broken.length > 0 ? EXIT.usage : EXIT.held;
  /** Whether the next one is to be run. */
  const ended = (given: ScenarioReport, facts: RunFacts): boolean => {
    const said = flags.strict && given.warnings.length > 0 ? { ...given, ok: false } : given;
    for (const sink of sinks) sink.end(said, facts);
    const stopped = said.interrupted || said.ended?.reason === 'break';
    status = Math.max(status, stopped ? EXIT.interrupted : said.ok ? EXIT.held : EXIT.failed);
    return !stopped && (said.ok || !bail);
  };
  const said: Promise<number>[] = [];
  const onBroken = (error: SimulatorError, { file }: Pick<Scenario, 'file'>): boolean => {
    said.push(report(error, io, verbose ?? false));
    status = Math.max(status, error.blame === 'environment' ? EXIT.environment : EXIT.usage);
    for (const sink of sinks) sink.broken?.(brokenBy(file, error));
    return !bail;
  };
  try {
    for (const { file, error } of broken) for (const sink of sinks) sink.broken?.(brokenBy(file, error));
    const { jobs = 0, retries = 0, reseed = false } = flags;
    if (jobs > 1 || retries > 0) {
      const onRan = ({ report: last, events, ...facts }: Ran, scenario: Scenario): boolean => {
        // With the seed of the try that is shown.
        for (const sink of sinks) sink.begin(withOverrides(scenario, { seed: last.seed }));
        for (const event of events) for (const sink of sinks) sink.event(event);
        return ended(last, facts);
      };
      await runMany(ready, { limits: limitsOf(flags), retries, reseed, jobs: jobs > 1 ? jobs : 0, signal: io.signal, onRan, onBroken });
    } else await watched(ready, flags, io, sinks, ended, onBroken);
    await Promise.all(said);
    // With several at once some may never have begun.
    return io.signal.aborted ? EXIT.interrupted : status;
  } finally {
    for (const sink of sinks) sink.close();
  }
}

/** What is told of a scenario that gave no verdict. */
function brokenBy(file: string, error: SimulatorError): Broken {
  const problems = error instanceof ScenarioError ? error.problems.map(({ file: where, line, what }) => ({ file: where, line, what })) : [];
  const whole = { what: error.what, ...(error.where === undefined ? {} : { file: error.where }) };
  return { file, problems: problems.length > 0 ? problems : [whole] };
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
  onBroken: (error: SimulatorError, scenario: Scenario) => boolean,
): Promise<void> {
  const breakpoint = flags.break === undefined ? undefined : new Breakpoint(flags.break, io);
  const watchers = sinks.filter(sink => sink.unlock !== undefined);
  const unlocks = watchers.length > 0 ? { onUnlock: (progress: UnlockProgress) => watchers.forEach(sink => sink.unlock?.(progress)) } : {};
  for (const scenario of scenarios) {
    for (const sink of sinks) sink.begin(scenario);
    const watch = stopwatch();
    try {
      const said = await runScenario(scenario, {
        limits: limitsOf(flags),
        now: () => performance.now(),
        onSession: session => breakpoint?.begin(session),
        onEvent: event => {
          for (const sink of sinks) sink.event(event);
          breakpoint?.event(event);
        },
        onStep: watch.step,
        ...unlocks,
        signal: io.signal,
        ...machineOf(flags),
      });
      if (!ended(said, { ...watch.times(), failed: [] })) break;
    } catch (error) {
      if (!(error instanceof SimulatorError)) throw error;
      if (!onBroken(error, scenario)) break;
    }
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

interface Loaded {
  readonly scenarios: readonly Scenario[];
  readonly broken: readonly { readonly file: string; readonly error: SimulatorError }[];
  /** One that is broken was named itself. */
  readonly named: boolean;
}

/** All are read before the first runs: what is wrong with the last one is known at once. */
async function loadAll(files: readonly string[]): Promise<Loaded> {
  const scenarios: Scenario[] = [];
  const broken: { file: string; error: SimulatorError }[] = [];
  let named = false;
  for (const file of files) {
    const folder = (await stat(file).catch(() => undefined))?.isDirectory() ?? false;
    for (const one of folder ? await scenarioFiles(file) : [file]) {
      try {
        scenarios.push(...(await loadScenarios(one)));
      } catch (error) {
        if (!(error instanceof SimulatorError)) throw error;
        broken.push({ file: one, error });
        named ||= !folder;
      }
    }
  }
  return { scenarios, broken, named };
}
