import { visible, visibleDeep } from '../../bytes/index.ts';
import { hostPlans, type Scenario, type ScenarioReport, seedOf, titleOf } from '../../scenario/index.ts';
import type { AnyEvent } from '../../sim/index.ts';
import type { UnlockProgress } from '../../svm/luks/index.ts';
import { jsonLine, type Level, painter, Timeline, TraceWriter, toJson } from '../../trace/index.ts';
import type { Io } from '../io.ts';
import { version } from '../version.ts';
import { showReport } from './outcome.ts';
import { unlockProgress } from './unlock-progress.ts';

/** What is known of a run beside what was simulated. */
export interface RunFacts {
  /** Wall time of the last try. */
  readonly ms: number;
  /** Tries before it, which failed. */
  readonly failed: readonly ScenarioReport[];
}

/** Somewhere a run is shown or kept. */
export interface Sink {
  begin(scenario: Scenario): void;
  event(event: AnyEvent): void;
  end(report: ScenarioReport, facts: RunFacts): void;
  /** How far the work on a disk's key slot is. */
  unlock?(progress: UnlockProgress): void;
  /** All runs are over, or the rest will not come. */
  close(): void;
}

const hosts = (scenario: Scenario) => hostPlans(scenario).map(({ name, tpm, profile }) => ({ name, tpm, profile }));

/** The timeline and the verdict, for a person. */
export function terminalSink(io: Pick<Io, 'out' | 'err' | 'colors' | 'columns'>, level: Level): Sink {
  const paint = painter(io.colors);
  let timeline: Timeline | undefined;
  const verdicts: boolean[] = [];
  return {
    begin(scenario) {
      const { columns } = io;
      timeline = new Timeline({ level, colors: io.colors, write: text => io.out(text), ...(columns === undefined ? {} : { columns }) });
      io.out(`\n${paint(titleOf(scenario), 'heading')}\n`);
      const told = hosts(scenario).map(({ name, tpm, profile }) => `${name}: TPM ${tpm}, profile ${profile}`);
      io.out(`${paint(`${visible(scenario.file)}   seed ${seedOf(scenario)}   ${told.join('; ')}`, 'quiet')}\n`);
      timeline.legend();
    },
    event: event => timeline?.event(event),
    ...(io.columns !== undefined && level !== 'quiet' ? { unlock: unlockProgress(io, paint, () => timeline?.flush()) } : {}),
    end(report, { failed }) {
      timeline?.flush();
      verdicts.push(report.ok);
      io.out(showReport(visibleDeep(report), paint));
      failed.forEach((tried, i) => {
        io.out(`${paint(`  try ${i + 1} of ${failed.length + 1} had failed`, 'quiet')}: ${visible(whyFailed(tried))}\n`);
      });
    },
    close() {
      timeline?.flush();
      if (verdicts.length < 2) return;
      const held = verdicts.filter(ok => ok).length;
      io.out(
        `${paint(`${verdicts.length} scenarios: ${held} held, ${verdicts.length - held} failed`, held === verdicts.length ? 'good' : 'bad')}\n`,
      );
    },
  };
}

const whyFailed = ({ ended, steps, invariants }: ScenarioReport): string =>
  ended?.text ?? steps.find(({ ok }) => !ok)?.why?.sentence ?? invariants.find(({ ok }) => !ok)?.text ?? 'not what was expected';

/** One JSON object a line: the run, its events, its verdict. */
export function jsonSink(io: Pick<Io, 'out'>): Sink {
  return {
    begin: scenario =>
      io.out(
        `${JSON.stringify({ type: 'run', file: scenario.file, title: titleOf(scenario), seed: seedOf(scenario), hosts: hosts(scenario) })}\n`,
      ),
    event: event => io.out(`${jsonLine(event)}\n`),
    end: report => io.out(`${JSON.stringify(toJson({ type: 'verdict', ...report }))}\n`),
    close: () => {},
  };
}

/** The trace file. It is complete in itself also when the runs were interrupted. */
export function traceSink(file: string): Sink {
  const writer = new TraceWriter(file, version());
  return {
    begin: scenario => writer.run({ title: titleOf(scenario), seed: seedOf(scenario), hosts: hosts(scenario) }),
    event: event => writer.event(event),
    end: report => writer.verdict(report.ok),
    close: () => writer.close(),
  };
}
