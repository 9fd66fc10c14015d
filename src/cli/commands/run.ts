import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Machine } from '../../machine/index.ts';
import { type CreateMachine, loadScenarios, runScenario, type Scenario, titleOf, withOverrides } from '../../scenario/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import type { UnlockProgress } from '../../svm/luks/index.ts';
import { report } from '../errors.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';
import { reporterSink, summarySink } from '../reporters/index.ts';
import { reportSink } from '../run/report-sink.ts';
import { jsonSink, type Sink, terminalSink, traceSink } from '../run/sinks.ts';
import { scenarioFiles } from './scenarios.ts';

interface RunFlags {
  readonly seed?: string;
  readonly tpm?: string;
  readonly tpmState?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly trace?: string;
  readonly report?: string;
  readonly reporter?: readonly string[];
  readonly filter?: string;
  readonly bail?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** Runs the scenarios one after the other; the worst of their exit statuses. */
export async function run(files: readonly string[], flags: RunFlags, io: Io): Promise<number> {
  const { seed, tpm, tpmState, profile, json, trace, report: page, reporter = [], filter, bail, quiet, verbose } = flags;
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
  const ready = scenarios
    .map(scenario => withOverrides(scenario, overrides))
    .filter(scenario => filter === undefined || `${scenario.file} ${titleOf(scenario)}`.includes(filter));
  if (ready.length === 0) {
    throw new SimulatorError('cli.no-scenario', {
      what: 'there is no scenario to run',
      hint: 'Does --filter leave any? Is the folder the right one?',
    });
  }
  const sinks: Sink[] = [json ? jsonSink(io) : terminalSink(io, quiet ? 'quiet' : verbose ? 'verbose' : 'normal')];
  if (trace !== undefined) sinks.push(traceSink(trace));
  if (page !== undefined) sinks.push(reportSink(page));
  for (const spec of reporter) sinks.push(reporterSink(spec, io));
  if (!json) sinks.push(summarySink(io));
  const watchers = sinks.filter(sink => sink.unlock !== undefined);
  const watch = watchers.length > 0 ? { onUnlock: (progress: UnlockProgress) => watchers.forEach(sink => sink.unlock?.(progress)) } : {};
  let status: number = EXIT.held;
  try {
    for (const scenario of ready) {
      for (const sink of sinks) sink.begin(scenario);
      const result = await runScenario(scenario, {
        onEvent: event => {
          for (const sink of sinks) sink.event(event);
        },
        ...watch,
        signal: io.signal,
        ...(tpmState === undefined ? {} : { createMachine: keepingTpms(tpmState) }),
      });
      for (const sink of sinks) sink.end(result);
      if (result.interrupted) return EXIT.interrupted;
      if (!result.ok) status = EXIT.failed;
      if (!result.ok && bail) return status;
    }
    return status;
  } finally {
    for (const sink of sinks) sink.close();
  }
}

/** Each host finds its TPM as the run before left it: a folder for each name. */
const keepingTpms =
  (folder: string): CreateMachine =>
  (world, hosts) =>
    Machine.create(
      world,
      hosts.map(host => ({ ...host, tpmState: join(folder, encodeURIComponent(host.name)) })),
    );

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
