import { visible } from '../../bytes/index.ts';
import type { AnyEvent } from '../../sim/index.ts';
import { render } from '../event/event-kinds.ts';
import type { Rendering } from '../event/kind-record.ts';
import { showTime, sightMark } from '../event/wording.ts';
import { type Paint, painter } from '../show/paint.ts';
import { detailOf } from './event-detail.ts';

/** How much a person sees: verdicts only; what matters; everything. */
export const LEVELS = ['quiet', 'normal', 'verbose'] as const;
export type Level = (typeof LEVELS)[number];

export interface TimelineOptions {
  readonly level: Level;
  readonly colors: boolean;
  /** Columns of the terminal: longer lines are cut. Absent: none is. */
  readonly columns?: number;
  /** Takes whole lines, newline included. */
  readonly write: (text: string) => void;
}

interface Line {
  readonly event: AnyEvent;
  readonly rendering: Rendering;
}

const TIME = 11;
const ACTOR = 15;
const MOST_INDENT = 12;
const MARGIN = ' '.repeat(TIME + ACTOR + 7);

/** Shows events as they happen: a line each, virtual time and actor in columns, indented below what caused them. */
export class Timeline {
  readonly #options: TimelineOptions;
  readonly #paint: Paint;
  readonly #depths = new Map<number, number>();
  /** A call whose line waits for its result. */
  #open: Line | undefined;
  #run: Line[] = [];
  #steps = 0;

  constructor(options: TimelineOptions) {
    this.#options = options;
    this.#paint = painter(options.colors);
  }

  /** Explains the columns; to be shown once, above the first event. */
  legend(): void {
    if (this.#options.level === 'quiet') return;
    this.#write(
      `${'time'.padStart(TIME)}  ${'actor'.padEnd(ACTOR)}     event   (● bytes that the hypervisor sees, ○ bytes that it does not)`,
      'quiet',
    );
  }

  event(event: AnyEvent): void {
    const rendering = render(event);
    const hidden = rendering.routine && this.#options.level !== 'verbose';
    // What happens in the course of something that is not shown stands below what is.
    this.#depths.set(event.seq, this.#depthOf(event) - (hidden ? 1 : 0));
    if (event.kind === 'step.start') this.#heading(event, rendering);
    else if (event.kind === 'step.end') this.#stepEnd(event, rendering);
    else if (this.#options.level !== 'quiet') this.#line({ event, rendering });
  }

  /** Shows what still waits. */
  flush(): void {
    this.#flushRun();
    this.#flushOpen();
  }

  #heading(_event: AnyEvent, { text, tone }: Rendering): void {
    this.flush();
    this.#steps++;
    this.#depths.clear();
    if (this.#options.level === 'quiet') return;
    this.#options.write('\n');
    this.#write(`${this.#steps}. ${text}`, tone);
  }

  #stepEnd(event: AnyEvent, { text, tone }: Rendering): void {
    this.flush();
    this.#write(`${showTime(event).padStart(TIME)}  ${text}`, tone);
  }

  #line(line: Line): void {
    const { rendering, event } = line;
    const verbose = this.#options.level === 'verbose';
    if (rendering.routine && !verbose) return;
    if (!verbose && rendering.closes && this.#open && this.#open.event.seq === callOf(event, this.#open.event)) {
      const open = this.#open;
      this.#open = undefined;
      this.#show(open.event, `${open.rendering.text} → ${rendering.closes.result}`, rendering.tone, sightMark(open.event, event));
      return;
    }
    if (rendering.run && !verbose) {
      this.#flushOpen();
      if (this.#run[0]?.event.kind !== event.kind) this.#flushRun();
      this.#run.push(line);
      return;
    }
    this.flush();
    if (rendering.opens && !verbose) this.#open = line;
    // The result of a call under which other lines stand: told again when it failed, or at the outermost.
    else if (verbose || !rendering.closes || rendering.tone === 'bad' || this.#depthOf(event) <= 1)
      this.#show(event, rendering.text, rendering.tone);
    if (verbose) for (const detail of detailOf(event)) this.#write(MARGIN + '  '.repeat(this.#depthOf(event)) + detail, 'quiet');
  }

  #flushOpen(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open) this.#show(open.event, open.rendering.text, open.rendering.tone);
  }

  #flushRun(): void {
    const run = this.#run;
    this.#run = [];
    const [first] = run;
    const lines = first?.rendering.run?.(run.map(({ event }) => event)) ?? [];
    for (const text of lines) if (first) this.#show(first.event, text, first.rendering.tone);
  }

  /** Steps stand at depth 0, and what a step does at depth 1. A return stands where its call does. */
  #depthOf({ cause, kind }: AnyEvent): number {
    if (cause === null) return 0;
    const depth = this.#depths.get(cause) ?? 0;
    return kind.endsWith('.return') ? depth : Math.min(MOST_INDENT, depth + 1);
  }

  #show(event: AnyEvent, text: string, tone: Rendering['tone'], mark = sightMark(event)): void {
    const indent = '  '.repeat(Math.max(0, this.#depthOf(event) - 1));
    const head = `${showTime(event).padStart(TIME)}  ${event.actor.padEnd(ACTOR)}  ${mark}  `;
    const { columns } = this.#options;
    const whole = indent + text;
    const room = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(30, columns - head.length);
    const cut = whole.length > room ? `${whole.slice(0, room - 1)}…` : whole;
    this.#options.write(`${this.#paint(head, 'quiet')}${this.#paint(visible(cut), tone)}\n`);
  }

  #write(text: string, tone: Rendering['tone']): void {
    this.#options.write(`${this.#paint(visible(text), tone)}\n`);
  }
}

/** The call that an event is the return of: its cause, or for a TPM the command just before it. */
function callOf(event: AnyEvent, open: AnyEvent): number | null {
  if (event.kind === 'tpm.response') return open.kind === 'tpm.command' && open.data.code === event.data.code ? open.seq : null;
  return event.cause;
}
