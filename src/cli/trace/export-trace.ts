import { writeFile } from 'node:fs/promises';
import { SimulatorError } from '../../sim/index.ts';
import { readTrace, seenAs, toCapture, toJsonLines, toMermaid, viewpointOf } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import { version } from '../version.ts';
import type { ExportFlags } from './flags.ts';

export async function exportTrace(file: string, { pcap, mermaid, json, as, verbose }: ExportFlags, io: Io): Promise<number> {
  if (pcap === undefined && mermaid === undefined && json === undefined) {
    throw new SimulatorError('trace.export', { what: 'nothing to export to', hint: 'Say --pcap FILE, --mermaid or --json.' });
  }
  const trace = await readTrace(file);
  const viewpoint = viewpointOf(as ?? 'omniscient');
  const runs = trace.runs.map(({ events }) => seenAs(events, viewpoint));
  if (pcap !== undefined) await save(pcap, toCapture(runs, `svm-sim ${version()}`));
  if (mermaid !== undefined) await put(mermaid, runs.map(events => toMermaid(events, { verbose: verbose ?? false })).join('\n'), io);
  if (json !== undefined) await put(json, [...toJsonLines(trace, events => seenAs(events, viewpoint))].join(''), io);
  return EXIT.held;
}

const put = async (target: string | true, text: string, io: Io): Promise<void> => (target === true ? io.out(text) : save(target, text));

/** @throws {SimulatorError} when the file cannot be written. */
export async function save(file: string, contents: Uint8Array | string): Promise<void> {
  try {
    await writeFile(file, contents);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'its folder does not exist' : message;
    throw new SimulatorError('trace.write', { where: file, what, blame: 'environment', cause: error });
  }
}
