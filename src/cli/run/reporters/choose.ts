import { visibleDeep } from '../../../bytes/index.ts';
import { nearest, PRIVATE, SimulatorError } from '../../../sim/index.ts';
import { painter } from '../../../trace/index.ts';
import { COMMON, writeText } from '../../files/write-whole.ts';
import type { Io } from '../../io.ts';
import { jsonSink, type Sink, terminalSink } from '../sinks.ts';
import { github } from './github.ts';
import { junit } from './junit.ts';
import type { Entry, Outcome, Reporter } from './reporter.ts';
import { sarif } from './sarif.ts';
import { tap } from './tap.ts';

/** Reporters for other programs, by name. */
export const reporters: ReadonlyMap<string, Reporter> = new Map([junit, tap, github, sarif].map(reporter => [reporter.name, reporter]));

/** Sinks that show events too; to standard output there is one of them already. */
const LIVE: Readonly<Record<string, (out: (text: string) => void) => Sink>> = {
  terminal: out => terminalSink({ out, err: out, colors: false, columns: undefined }, 'normal'),
  json: out => jsonSink({ out }),
};
const NAMES = [...reporters.keys(), ...Object.keys(LIVE)];

/** A reporter as the command line names it: `junit=results.xml`, or `tap` for standard output. */
export function reporterSink(spec: string, io: Io): Sink {
  const [name = '', ...rest] = spec.split('=');
  const file = rest.join('=');
  const live = LIVE[name];
  if (live) return file === '' ? live(text => io.out(text)) : intoFile(file, live);
  const reporter = reporters.get(name);
  if (!reporter) {
    const meant = nearest(name, NAMES);
    throw new SimulatorError('cli.reporter', {
      where: '--reporter',
      what: `there is no reporter "${name}"`,
      hint: `${meant === undefined ? '' : `Did you mean "${meant}"? `}Reporters: ${NAMES.join(', ')}.`,
    });
  }
  const entries: Entry[] = [];
  return {
    begin() {},
    event() {},
    end: (report, { failed, ...facts }) => void entries.push({ report: visibleDeep(report), ...facts, failed: failed.map(visibleDeep) }),
    broken: broken => void entries.push({ broken: visibleDeep(broken) }),
    close() {
      const text = reporter.write(entries);
      if (file === '') io.out(text);
      else writeText(file, text, COMMON);
    },
  };
}

function intoFile(file: string, live: (out: (text: string) => void) => Sink): Sink {
  const parts: string[] = [];
  const sink = live(text => void parts.push(text));
  return {
    ...sink,
    close() {
      sink.close();
      writeText(file, parts.join(''), PRIVATE);
    },
  };
}

/** What is said after several runs: which failed, and how long each took, the slowest first. */
export function summarySink(io: Io): Sink {
  const paint = painter(io.colors);
  const outcomes: Outcome[] = [];
  return {
    begin() {},
    event() {},
    end: (report, facts) => void outcomes.push({ report: visibleDeep(report), ...facts }),
    close() {
      if (outcomes.length < 2) return;
      const rows = [...outcomes].sort((a, b) => b.ms - a.ms).map(({ report, ms }) => ({ report, time: `${ms.toFixed(0)} ms` }));
      const width = Math.max(...rows.map(({ time }) => time.length));
      io.out('\nSlowest first:\n');
      for (const { report, time } of rows) {
        const mark = report.ok ? paint('✓', 'good') : paint('✗', 'bad');
        io.out(`  ${time.padStart(width)}  ${mark} ${report.title}${report.ok ? '' : paint(`  ${report.file}`, 'quiet')}\n`);
      }
      const whole = outcomes.reduce((sum, { ms }) => sum + ms, 0);
      io.out(`${(whole / 1000).toFixed(1)} s for ${outcomes.length} runs\n`);
    },
  };
}
