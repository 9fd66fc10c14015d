import { visible, visibleDeep } from '../../bytes/index.ts';
import { hostFacts, type Scenario, type ScenarioReport, seedOf, showHost, titleOf } from '../../scenario/index.ts';
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
  /** Wall time of each step, in their order. */
  readonly stepMs: readonly number[];
  /** Tries before it, which failed. */
  readonly failed: readonly ScenarioReport[];
}

/** A scenario that could not be run, or not to its end. */
export interface Broken {
  readonly file: string;
  /** What is wrong, each with its place; never empty. */
  readonly problems: readonly { readonly what: string; readonly file?: string; readonly line?: number }[];
}

/** `scenario.yaml:5:3: ...` */
export const showBroken = ({ problems }: Broken): readonly string[] =>
  problems.map(({ what, file, line }) => `${file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `}${what}`);

/** Somewhere a run is shown or kept. */
export interface Sink {
  begin(scenario: Scenario): void;
  event(event: AnyEvent): void;
  end(report: ScenarioReport, facts: RunFacts): void;
  /** A scenario, begun or not, gave no verdict. */
  broken?(broken: Broken): void;
  /** How far the work on a disk's key slot is. */
  unlock?(progress: UnlockProgress): void;
  /** All runs are over, or the rest will not come. */
  close(): void;
}

/** The timeline and the verdict, for a person. */
export function terminalSink(io: Pick<Io, 'out' | 'err' | 'colors' | 'columns'>, level: Level): Sink {
  const paint = painter(io.colors);
  let timeline: Timeline | undefined;
  const verdicts: boolean[] = [];
  let broken = 0;
  return {
    begin(scenario) {
      const { columns } = io;
      timeline = new Timeline({ level, colors: io.colors, write: text => io.out(text), ...(columns === undefined ? {} : { columns }) });
      io.out(`\n${paint(titleOf(scenario), 'heading')}\n`);
      const told = hostFacts(scenario).map(showHost);
      io.out(`${paint(`${visible(scenario.file)}   seed ${seedOf(scenario)}   ${told.join('; ')}`, 'quiet')}\n`);
      timeline.legend();
    },
    event: event => timeline?.event(event),
    ...(io.columns !== undefined && level !== 'quiet' ? { unlock: unlockProgress(io, paint, () => timeline?.flush()) } : {}),
    end(report, { failed }) {
      timeline?.flush();
      verdicts.push(report.ok);
      io.out(showReport(visibleDeep(report), paint, failed.length));
      failed.forEach((tried, i) => {
        io.out(
          `${paint(`  try ${i + 1} of ${failed.length + 1} had failed`, 'quiet')} (seed ${visible(tried.seed)}): ${visible(whyFailed(tried))}\n`,
        );
      });
    },
    broken(one) {
      timeline?.flush();
      broken++;
      io.out(`\n${paint('NOTHING RAN', 'bad')}  ${visible(one.file)}: ${visible(showBroken(one).join('; '))}\n`);
    },
    close() {
      timeline?.flush();
      const all = verdicts.length + broken;
      if (all < 2) return;
      const held = verdicts.filter(ok => ok).length;
      const rest = broken > 0 ? `, ${broken} could not be run` : '';
      io.out(`${paint(`${all} scenarios: ${held} held, ${verdicts.length - held} failed${rest}`, held === all ? 'good' : 'bad')}\n`);
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
        `${JSON.stringify({ type: 'run', file: scenario.file, title: titleOf(scenario), seed: seedOf(scenario), hosts: hostFacts(scenario) })}\n`,
      ),
    event: event => io.out(`${jsonLine(event)}\n`),
    end: (report, { failed }) => io.out(`${JSON.stringify(toJson({ type: 'verdict', ...report, attempt: failed.length + 1 }))}\n`),
    broken: one => io.out(`${JSON.stringify({ type: 'error', ...one })}\n`),
    close: () => {},
  };
}

/** The trace file. It is complete in itself also when the runs were interrupted. */
export function traceSink(file: string): Sink {
  const writer = new TraceWriter(file, version());
  return {
    begin: scenario => writer.run({ title: titleOf(scenario), seed: seedOf(scenario), hosts: hostFacts(scenario) }),
    event: event => writer.event(event),
    end: report => writer.verdict(report.ok),
    close: () => writer.close(),
  };
}
