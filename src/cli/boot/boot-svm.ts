import { utf8 } from '../../bytes/index.ts';
import { runScenario, type Scenario } from '../../scenario/index.ts';
import { privatePem, readEsmBlob } from '../../svm/format/index.ts';
import { explained, flatKernel, readNamed } from '../../svm/owner/index.ts';
import { DEFAULT_PROFILE } from '../../ultravisor/index.ts';
import { bootargsOf } from '../esm/bootargs.ts';
import { EsmSession, systemChance } from '../esm/session.ts';
import { profileOf } from '../esm/verify-blob.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';
import { reportSink } from '../run/report-sink.ts';
import { jsonSink, type Sink, terminalSink, traceSink } from '../run/sinks.ts';
import { stopwatch } from '../run/tries.ts';
import type { BootFlags } from './flags.ts';

/** Host boot, guest start, UV_ESM: the scenario that a person would write for it, run and shown as `run` does. */
export async function boot(flags: BootFlags, io: Io): Promise<number> {
  const { json, trace, report, quiet, verbose } = flags;
  const scenario = await scenarioOf(flags, io);
  if (json) io.err(`${DISCLAIMER}\n`);
  else io.out(`${DISCLAIMER}\n`);
  const sinks: Sink[] = [json ? jsonSink(io) : terminalSink(io, quiet ? 'quiet' : verbose ? 'verbose' : 'normal')];
  if (trace !== undefined) sinks.push(traceSink(trace));
  if (report !== undefined) sinks.push(reportSink(report));
  try {
    for (const sink of sinks) sink.begin(scenario);
    const watch = stopwatch();
    const result = await runScenario(scenario, {
      onEvent: event => {
        for (const sink of sinks) sink.event(event);
      },
      onStep: watch.step,
      signal: io.signal,
    });
    for (const sink of sinks) sink.end(result, { ...watch.times(), failed: [] });
    return result.interrupted ? EXIT.interrupted : result.ok ? EXIT.held : EXIT.failed;
  } finally {
    for (const sink of sinks) sink.close();
  }
}

/** The files as the person named them, so that what is said of them can be followed; one that is given for several things has a name for each. */
async function scenarioOf(flags: BootFlags, io: Io): Promise<Scenario> {
  const { blob, kernel, initrd, key, rtas, profile = DEFAULT_PROFILE, passphraseFile, seed } = flags;
  const session = new EsmSession(passphraseFile === undefined ? {} : { passphraseFile }, io);
  const bootargs = await bootargsOf(flags);
  const line = flags.bootargsFile;
  const given = [
    kernel,
    initrd,
    key,
    ...(rtas === undefined ? [] : [rtas]),
    ...(blob === undefined ? [] : [blob]),
    ...(line === undefined ? [] : [line]),
  ];
  const named = (file: string, as: string): string => (given.filter(other => other === file).length > 1 ? as : file);
  const names = { kernel: named(kernel, 'kernel'), initrd: named(initrd, 'initrd'), key: named(key, 'key') };
  const files = new Map<string, Uint8Array>([
    [names.kernel, flatKernel(await readNamed(kernel), kernel)],
    [names.initrd, await readNamed(initrd)],
    // As an importer of keys takes it: without the passphrase.
    [names.key, utf8(privatePem(await session.privateKey(key), '', systemChance))],
  ]);
  if (line !== undefined) files.set(named(line, 'bootargs'), utf8(bootargs));
  if (rtas !== undefined) files.set(named(rtas, 'rtas'), await readNamed(rtas));
  if (blob !== undefined) {
    const bytes = await readNamed(blob);
    explained(blob, () => readEsmBlob(bytes));
    files.set(named(blob, 'blob'), bytes);
  }
  const { name } = profileOf(profile);
  return {
    file: blob ?? initrd,
    files,
    document: {
      version: 1,
      title: `Does ${blob ?? 'the blob in the initrd'} start with ${kernel} and ${initrd} on the host of ${key}?`,
      ...(seed === undefined ? {} : { seed }),
      host: { profile: name, firmware: { wrappingKey: { file: names.key } } },
      guests: [
        {
          name: 'vm',
          lpid: 1,
          memory: memoryFor([...files.values()]),
          kernel: names.kernel,
          initrd: names.initrd,
          bootargs: line === undefined ? bootargs : { file: named(line, 'bootargs') },
          ...(rtas === undefined ? {} : { rtas: named(rtas, 'rtas') }),
          ...(blob === undefined ? {} : { esm: { blob: named(blob, 'blob') } }),
        },
      ],
      steps: [{ do: 'boot' }, { do: 'start' }, { do: 'enter-secure-mode', expect: { result: 'secure' } }],
    },
  };
}

const MIB = 1 << 20;

/** Room for what is loaded and for the pages that the Ultravisor takes. */
function memoryFor(files: readonly Uint8Array[]): string {
  const loaded = files.reduce((bytes, file) => bytes + file.length, 0);
  return `${Math.max(512, Math.ceil(loaded / MIB) + 256)} MiB`;
}
