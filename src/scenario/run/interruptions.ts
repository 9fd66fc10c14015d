import { Halt } from '../../hcall/index.ts';
import type { Machine } from '../../machine/index.ts';
import type { AnyEvent } from '../../sim/index.ts';
import type { Fault } from '../language/fault-entry.ts';
import { guestNamed, hostNamed, type Machines } from '../language/machines.ts';

/** A machine reset or a loss of power at an event of a run. */
export interface Interruption {
  readonly fault: 'machine-reset' | 'power-loss';
  readonly event: number;
  readonly host: string;
  /** Of a machine reset: which guest. */
  readonly lpid?: number;
}

/** Machine resets and losses of power that the scenario wants. */
export function interruptionsOf({
  document,
}: {
  readonly document: Machines & { readonly faults?: readonly Fault[] | undefined };
}): readonly Interruption[] {
  return (document.faults ?? []).flatMap(({ fault, event = 0, host, guest: name }): Interruption[] => {
    if (fault === 'power-loss') return [{ fault, event, host: hostNamed(document, host) }];
    if (fault !== 'machine-reset') return [];
    const guest = guestNamed(document, name);
    return guest ? [{ fault, event, host: hostNamed(document, guest.host), lpid: guest.lpid }] : [];
  });
}

/** The TPM's own work is never torn: a command is done, or was not begun. */
const INSIDE_THE_TPM: ReadonlySet<AnyEvent['kind']> = new Set<AnyEvent['kind']>(['secret', 'key', 'note', 'step.start', 'step.end']);
/** A guest is reset when its hypervisor has control: before a hypercall is handled, or before it is answered. */
const HYPERVISOR_HAS_CONTROL: ReadonlySet<AnyEvent['kind']> = new Set<AnyEvent['kind']>(['hcall.call', 'hcall.return']);

/** Whether an interruption can take effect at an event. */
export const canStrike = ({ fault, host, lpid }: Omit<Interruption, 'event'>, event: Pick<AnyEvent, 'kind' | 'host' | 'lpid'>): boolean =>
  event.host === host &&
  (fault === 'power-loss' ? !INSIDE_THE_TPM.has(event.kind) : event.lpid === lpid && HYPERVISOR_HAS_CONTROL.has(event.kind));

/** Strikes at the first event from its own on at which it can; until the step is over whatever still runs there ends as well. */
export class Interrupter {
  #waiting: readonly Interruption[];
  #struck: readonly Interruption[] = [];

  constructor(interruptions: readonly Interruption[]) {
    this.#waiting = interruptions;
  }

  /** @throws {Halt} when it strikes. */
  hear(event: AnyEvent): void {
    if (this.#waiting.length === 0 && this.#struck.length === 0) return;
    const now = this.#waiting.filter(one => event.seq >= one.event && canStrike(one, event));
    this.#waiting = this.#waiting.filter(one => !now.includes(one));
    this.#struck = [...this.#struck, ...now];
    const strikes = this.#struck.find(one => canStrike(one, event));
    if (strikes)
      throw new Halt(strikes.fault === 'power-loss' ? 'host' : 'guest', strikes.fault === 'power-loss' ? 'power is lost' : 'machine reset');
  }

  /** The step is over. Without power nothing that was volatile is left. */
  afterStep(machine: Machine): void {
    const struck = this.#struck;
    this.#struck = [];
    for (const { fault, host } of struck) if (fault === 'power-loss') machine.host(host).losePower();
  }
}
