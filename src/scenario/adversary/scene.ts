import type { InterceptedHypercall } from '../../hcall/index.ts';
import type { Sight } from '../../sim/index.ts';
import type { Contents } from '../language/values.ts';
import type { Betrayal, Betrayed } from './betrayal.ts';
import type { Moment, Point } from './moment.ts';
import type { Reach, StartedGuest } from './reach.ts';

/** What an action has at hand: what a hypervisor has, and what its record asks to be betrayed. */
export interface Scene<B extends Betrayal = never> {
  readonly moment: Moment;
  readonly lpid: number;
  readonly guest: StartedGuest | undefined;
  readonly reach: Reach;
  /** The hypercall that is being handled: registers, and the guest's normal memory. */
  readonly intercepted: InterceptedHypercall | null;
  /** Messages of this point that passed before, the oldest first, as they passed. */
  readonly earlier: readonly Uint8Array[];
  readonly betrayed: Betrayed<B>;
  /** All messages of a point that passed before, the oldest first. */
  recorded(point: Point): readonly Uint8Array[];
  /** Keeps the command that is on its way back, and sends it behind the one that comes so many commands later. */
  holdBack(commands: number): void;
  bytesOf(contents: Contents): Uint8Array;
  /** Says in the record what is done. */
  tell(target: string, detail: string, more?: { readonly action?: string; readonly sights?: readonly Sight[] }): void;
}

/** What is acted upon, as the record of it says. */
export const where = ({ moment }: Scene): string => moment.command ?? moment.region ?? moment.call;
