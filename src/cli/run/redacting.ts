import type { AnyEvent } from '../../sim/index.ts';
import { redacted } from '../../trace/index.ts';
import type { Sink } from './sinks.ts';

/** The sink gets each run when it is over, without its secrets: one that is born late may have been seen before, in other bytes. */
export function redacting(sink: Sink): Sink {
  let events: AnyEvent[] = [];
  const give = (): void => {
    for (const event of redacted(events)) sink.event(event);
    events = [];
  };
  return {
    begin: scenario => sink.begin(scenario),
    event: event => void events.push(event),
    end(report, facts) {
      give();
      sink.end(report, facts);
    },
    broken(one) {
      give();
      sink.broken?.(one);
    },
    close() {
      give();
      sink.close();
    },
  };
}
