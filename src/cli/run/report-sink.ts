import { hostFacts, seedOf, titleOf } from '../../scenario/index.ts';
import { type AnyEvent, PRIVATE } from '../../sim/index.ts';
import { FORMAT_VERSION, type TracedRun, toReport } from '../../trace/index.ts';
import { writeText } from '../files/write-whole.ts';
import { version } from '../version.ts';
import type { Sink } from './sinks.ts';

/** One HTML page of all runs, written when they are over. */
export function reportSink(file: string): Sink {
  const runs: (TracedRun & { events: AnyEvent[]; ok?: boolean })[] = [];
  return {
    begin(scenario) {
      const hosts = hostFacts(scenario);
      runs.push({ about: { title: titleOf(scenario), seed: seedOf(scenario), hosts }, events: [] });
    },
    event: event => runs.at(-1)?.events.push(event),
    end({ ok }) {
      const run = runs.at(-1);
      if (run) run.ok = ok;
    },
    close() {
      const page = toReport({ header: { format: 'svm-sim trace', version: FORMAT_VERSION, simulator: version() }, runs });
      writeText(file, page, PRIVATE);
    },
  };
}
