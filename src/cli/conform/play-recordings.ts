import { mkdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Against, formatResult, formatSummary, runConform } from '../../conform/index.ts';
import { chooseGeneration, parseGeneration } from '../../machine/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { painter } from '../../trace/index.ts';
import { writeWhole } from '../files/output-file.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';
import type { ConformFlags } from './flags.ts';

interface Recorded {
  readonly file: string;
  readonly text: string;
}

export async function conform(
  paths: readonly string[],
  { known, filter, quiet = false, generation, against: tpm, record, allowHardware }: ConformFlags,
  io: Io,
): Promise<number> {
  const paint = painter(io.colors);
  if (record !== undefined && tpm === undefined) throw nothingToRecord('--record writes what was observed on a TPM', 'Add --against TPM.');
  const against = tpm === undefined ? undefined : new Against(tpm, allowHardware ? { allowHardware } : {});
  const recorded: Recorded[] = [];
  io.out(`${paint(DISCLAIMER, 'quiet')}\n`);
  if (against) io.out(`Played on ${against.name}, not on the simulator.\n`);
  try {
    const result = await runConform(paths, {
      ...(known === undefined ? {} : { knownFile: known }),
      ...(filter === undefined ? {} : { filter }),
      ...(generation === undefined ? {} : { generation: chooseGeneration(parseGeneration(generation, '--generation')) }),
      ...(against ? { against, onRecorded: (file: string, text: string) => recorded.push({ file, text }) } : {}),
      onResult: one => {
        if (!quiet || !one.ok) io.out(`${paint(formatResult(one), one.ok ? undefined : 'bad')}\n`);
      },
    });
    if (record !== undefined) for (const path of await written(recorded, record)) io.out(`observed: ${path}\n`);
    io.out(`${paint(formatSummary(result), result.failed > 0 ? 'bad' : 'good')}\n`);
    return result.failed > 0 ? EXIT.failed : EXIT.held;
  } finally {
    await against?.close();
  }
}

/** One recording goes to the file that was named; several, or a folder that is there, are files of their names in it. */
async function written(recorded: readonly Recorded[], out: string): Promise<readonly string[]> {
  if (recorded.length === 0)
    throw nothingToRecord('no case was played that can be recorded', 'Cases on /dev/tpmrm0 can: fixtures/observed/tpmrm.json.');
  const isFolder = await stat(out).then(
    found => found.isDirectory(),
    () => false,
  );
  if (recorded.length > 1) await mkdir(out, { recursive: true });
  const files = recorded.map(({ file, text }) => ({
    path: recorded.length > 1 || isFolder ? join(out, basename(file)) : out,
    contents: new TextEncoder().encode(text),
  }));
  await writeWhole(...files.map(file => ({ ...file, replace: true })));
  return files.map(({ path }) => path);
}

const nothingToRecord = (what: string, hint: string): SimulatorError =>
  new SimulatorError('conform.record', { where: '--record', what, hint });
