import type { AnyEvent } from '../../src/sim/index.ts';
import type { TracedRun } from '../../src/trace/index.ts';

/** A run that goes on and on: the events of another, again and again, until there are so many. */
export function longRun({ about, ok, events }: TracedRun, count: number): TracedRun {
  const long: AnyEvent[] = [];
  const last = events.at(-1);
  for (let round = 0; long.length < count && last; round++) {
    const seqs = round * (last.seq + 1);
    const time = BigInt(round) * last.virtualTimeNs;
    for (const event of events.slice(0, count - long.length)) {
      const cause = event.cause === null ? null : event.cause + seqs;
      long.push({ ...event, seq: event.seq + seqs, cause, virtualTimeNs: event.virtualTimeNs + time });
    }
  }
  return { about, events: long, ...(ok === undefined ? {} : { ok }) };
}
