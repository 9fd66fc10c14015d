import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { nearest, SimulatorError } from '../../sim/index.ts';
import type { Io } from '../io.ts';
import type { Sink } from '../run/sinks.ts';
import { github } from './github.ts';
import { junit } from './junit.ts';
import type { Outcome, Reporter } from './reporter.ts';
import { tap } from './tap.ts';

export { failures, type Outcome } from './reporter.ts';

/** Reporters for other programs, by name. */
export const reporters: ReadonlyMap<string, Reporter> = new Map([junit, tap, github].map(reporter => [reporter.name, reporter]));

/** A reporter as the command line names it: `junit=results.xml`, or `tap` for standard output. */
export function reporterSink(spec: string, io: Io): Sink {
  const [name = '', ...rest] = spec.split('=');
  const file = rest.join('=');
  const reporter = reporters.get(name);
  if (!reporter) {
    const meant = nearest(name, [...reporters.keys()]);
    throw new SimulatorError('cli.reporter', {
      where: '--reporter',
      what: `there is no reporter "${name}"`,
      hint: `${meant === undefined ? '' : `Did you mean "${meant}"? `}Reporters: ${[...reporters.keys()].join(', ')}.`,
    });
  }
  const outcomes: Outcome[] = [];
  let began = 0;
  return {
    begin() {
      began = performance.now();
    },
    event() {},
    end: report => void outcomes.push({ report, ms: performance.now() - began }),
    close() {
      const text = reporter.write(outcomes);
      if (file === '') {
        io.out(text);
        return;
      }
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    },
  };
}

const SLOWEST = 5;

/** What is said after several runs: how many held, which failed, and what took the longest. */
export function summarySink(io: Io): Sink {
  const outcomes: Outcome[] = [];
  let began = 0;
  return {
    begin() {
      began = performance.now();
    },
    event() {},
    end: report => void outcomes.push({ report, ms: performance.now() - began }),
    close() {
      if (outcomes.length < 2) return;
      for (const { report } of outcomes) if (!report.ok) io.out(`✗ ${report.file}: ${report.title}\n`);
      const whole = outcomes.reduce((sum, { ms }) => sum + ms, 0);
      const slowest = [...outcomes].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST);
      io.out(
        `${(whole / 1000).toFixed(1)} s; slowest: ${slowest.map(({ report, ms }) => `${report.title} ${ms.toFixed(0)} ms`).join('; ')}\n`,
      );
    },
  };
}
