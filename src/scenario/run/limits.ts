import type { AnyEvent } from '../../sim/index.ts';

/** How far a run may go. */
export interface RunLimits {
  /** Virtual time, in milliseconds. */
  readonly virtualMs?: number;
  /** Events. */
  readonly events?: number;
  /** Wall time, in milliseconds. */
  readonly wallMs?: number;
}

/** Why a run was ended from outside: a limit, or a person who has seen enough. */
export type EndReason = 'timeout' | 'virtual timeout' | 'event limit' | 'break';

/** Ends a run in the midst of a step: the machine is of no use afterwards. */
export class RunEnded extends Error {
  override readonly name = 'RunEnded';
  readonly reason: EndReason;

  constructor(reason: EndReason, text: string) {
    super(text);
    this.reason = reason;
  }
}

/** The limit that a run has passed with this event. */
export function passed(limits: RunLimits, event: AnyEvent, count: number, elapsedMs: number): RunEnded | null {
  const { virtualMs = Number.POSITIVE_INFINITY, events = Number.POSITIVE_INFINITY, wallMs = Number.POSITIVE_INFINITY } = limits;
  const at = `at #${event.seq} (${event.kind})`;
  const ms = Number(event.virtualTimeNs) / 1e6;
  if (ms > virtualMs) return new RunEnded('virtual timeout', `${ms} ms of virtual time ${at}: at most ${virtualMs} ms are allowed`);
  if (count > events) return new RunEnded('event limit', `more than ${events} events ${at}`);
  if (elapsedMs > wallMs) return wallEnded(wallMs, at);
  return null;
}

/** Of a run that waits, and so has no event at which it could be ended. */
export const wallEnded = (wallMs: number, at = 'while it waited'): RunEnded =>
  new RunEnded('timeout', `more than ${wallMs} ms of wall time ${at}`);
