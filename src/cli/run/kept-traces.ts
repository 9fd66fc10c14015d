import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hostFacts, type Scenario, seedOf, titleOf } from '../../scenario/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { TraceWriter } from '../../trace/index.ts';
import { version } from '../version.ts';
import type { Sink } from './sinks.ts';

const WHEN = ['on-failure', 'always'] as const;
const FOLDER = 'traces';

/** `on-failure`, or with a folder of its own: `on-failure=FOLDER`. A trace of each scenario, kept of those that are wanted. */
export function keptTraces(spec: string): Sink {
  const [when = '', ...rest] = spec.split('=');
  if (!(WHEN as readonly string[]).includes(when)) {
    throw new SimulatorError('cli.keep-trace', {
      where: '--keep-trace',
      what: `"${when}" says not when`,
      hint: `Write ${WHEN.join(' or ')}, and a folder behind "=" if it is not to be "${FOLDER}".`,
    });
  }
  const folder = rest.join('=') || FOLDER;
  const taken = new Map<string, number>();
  let writer: TraceWriter | undefined;
  const nameOf = ({ file }: Scenario): string => {
    const stem = basename(file).replace(/\.ya?ml$/, '');
    const count = (taken.get(stem) ?? 0) + 1;
    taken.set(stem, count);
    return join(folder, `${stem}${count > 1 ? `-${count}` : ''}.trace`);
  };
  return {
    begin(scenario) {
      mkdirSync(folder, { recursive: true });
      writer = new TraceWriter(nameOf(scenario), version());
      const hosts = hostFacts(scenario);
      writer.run({ title: titleOf(scenario), seed: seedOf(scenario), hosts });
    },
    event: event => writer?.event(event),
    end({ ok }) {
      writer?.verdict(ok);
      if (ok && when === 'on-failure') writer?.abandon();
      else writer?.close();
      writer = undefined;
    },
    broken() {
      writer?.close();
      writer = undefined;
    },
    close: () => writer?.close(),
  };
}
