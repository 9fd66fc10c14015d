import type { AnyEvent } from '../../sim/index.ts';
import { render } from '../event/event-kinds.ts';
import type { Tone } from '../event/kind-record.ts';
import { showTime, sightMark } from '../event/wording.ts';

/** An event in a line, as parts: for whoever lays it out in another way than a listing. */
export interface Line {
  readonly seq: number;
  /** Virtual time, with its unit. */
  readonly time: string;
  readonly actor: AnyEvent['actor'];
  /** ●: the hypervisor sees bytes of it; ○: there are bytes, and it does not. */
  readonly mark: '●' | '○' | ' ';
  readonly text: string;
  readonly tone: Tone;
  readonly routine: boolean;
}

export function lineOf(event: AnyEvent): Line {
  const { text, tone = 'plain', routine = false } = render(event);
  return { seq: event.seq, time: showTime(event), actor: event.actor, mark: sightMark(event), text, tone, routine };
}
