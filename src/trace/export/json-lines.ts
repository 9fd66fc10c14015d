import type { AnyEvent } from '../../sim/index.ts';
import { jsonLine, toJson } from '../plain-json.ts';
import type { Trace } from '../stream/trace-reader.ts';

/** A trace as JSON lines, in the form of `run --json`: each run, its events, its verdict. */
export function* toJsonLines({ runs }: Trace, events: (run: readonly AnyEvent[]) => readonly AnyEvent[] = run => run): Generator<string> {
  for (const run of runs) {
    yield `${JSON.stringify({ type: 'run', ...(toJson(run.about) as object) })}\n`;
    for (const event of events(run.events)) yield `${jsonLine(event)}\n`;
    if (run.ok !== undefined) yield `${JSON.stringify({ type: 'verdict', ok: run.ok })}\n`;
  }
}
