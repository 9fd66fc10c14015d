import { diffRuns, painter, readTrace, seenAs, showDiff, viewpointOf } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import type { DiffFlags } from './flags.ts';

export async function diff(a: string, b: string, { as }: DiffFlags, io: Io): Promise<number> {
  const viewpoint = viewpointOf(as ?? 'omniscient');
  const paint = painter(io.colors);
  const [one, other] = (await Promise.all([readTrace(a), readTrace(b)])).map(({ runs }) =>
    runs.map(run => ({ ...run, events: seenAs(run.events, viewpoint) })),
  );
  if (!one || !other) return EXIT.usage;
  let status: number = EXIT.held;
  if (one.length !== other.length) {
    status = EXIT.failed;
    io.out(`${paint(`A has ${one.length} runs, B has ${other.length}.`, 'bad')}\n`);
  }
  for (const [i, run] of one.entries()) {
    const against = other[i];
    if (!against) break;
    const found = diffRuns(run, against);
    if (found.first || found.about.length > 0) status = EXIT.failed;
    io.out(`\n${paint(run.about.title, 'heading')}\n${showDiff(found, run, against, paint)}`);
  }
  return status;
}
