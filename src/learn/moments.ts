import { ACTORS, type Actor, type AnyEvent } from '../sim/index.ts';
import { type Line, lineOf, whoKnowsWhat } from '../trace/index.ts';
import type { Block, Lesson, LessonRun, Stop } from './lesson.ts';

/** A stop in a run: the event, what led to it, and what it means. */
export interface Moment {
  readonly title: string;
  readonly event: AnyEvent;
  /** Events since the stop before, this one last. */
  readonly lines: readonly Line[];
  /** How many more there were that are not shown. */
  readonly left: number;
  readonly text: readonly Block[];
}

/** So many lines in front of a stop are enough to see the way to it. */
const MOST_LINES = 9;

/** The stops of a lesson that the run comes by, in the order of the run. */
export function momentsOf({ stops }: Lesson, run: LessonRun): readonly Moment[] {
  const found = stops
    .flatMap(stop => {
      const event = stop.at(run);
      return event ? [{ stop, event }] : [];
    })
    .sort((a, b) => a.event.seq - b.event.seq);
  return found.map(({ stop, event }, i) => momentAt(run, stop, event, found[i - 1]?.event.seq ?? -1));
}

function momentAt(run: LessonRun, { title, text }: Stop, event: AnyEvent, after: number): Moment {
  const between = run.seen.filter(({ seq }) => seq > after && seq <= event.seq).map(lineOf);
  const told = between.filter(({ routine, seq }) => !routine || seq === event.seq);
  const lines = told.slice(-MOST_LINES);
  return { title, event, lines, left: told.length - lines.length, text: typeof text === 'function' ? text(run, event) : text };
}

/** Who knows which secret at a moment: a row for each secret that is born by then. */
export interface Knowledge {
  readonly actors: readonly Actor[];
  readonly rows: readonly { readonly name: string; readonly knows: readonly boolean[]; readonly leaked: boolean }[];
}

/** `spapr-tpm-proxy` and `tpmrm` are programs of the hypervisor's host, the guest is the SVM before it is one. */
const COLUMNS: readonly Actor[] = ACTORS.filter(actor => !['guest', 'spapr-tpm-proxy', 'tpmrm'].includes(actor));

export function knowledgeAt({ events }: LessonRun, seq: number): Knowledge {
  const secrets = whoKnowsWhat(events).filter(({ born }) => born <= seq);
  const knows = (since: ReadonlyMap<Actor, number>, actor: Actor): boolean => (since.get(actor) ?? Number.POSITIVE_INFINITY) <= seq;
  return {
    actors: COLUMNS,
    rows: secrets.map(({ name, since }) => ({
      name,
      knows: COLUMNS.map(actor => knows(since, actor)),
      leaked: knows(since, 'hypervisor'),
    })),
  };
}
