import { PRIVATE, SimulatorError } from '../../sim/index.ts';
import { readTrace, seenAs, toCapture, toJsonLines, toMermaid, viewpointOf } from '../../trace/index.ts';
import { save } from '../files/write-whole.ts';
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
  if (pcap !== undefined) save(pcap, toCapture(runs, `svm-sim ${version()}`), PRIVATE);
  if (mermaid !== undefined) put(mermaid, runs.map(events => toMermaid(events, { verbose: verbose ?? false })).join('\n'), io);
  if (json !== undefined) put(json, [...toJsonLines(trace, events => seenAs(events, viewpoint))].join(''), io);
  return EXIT.held;
}

/** What is made of a trace holds what the trace holds. */
const put = (target: string | true, text: string, io: Io): void => (target === true ? io.out(text) : save(target, text, PRIVATE));
