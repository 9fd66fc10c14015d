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
  /** Its place among the scenario's faults, from 0 on. */
  readonly index?: number;
}

/** Machine resets and losses of power that the scenario wants. */
export function interruptionsOf({
  document,
}: {
  readonly document: Machines & { readonly faults?: readonly Fault[] | undefined };
}): readonly Interruption[] {
  return (document.faults ?? []).flatMap(({ fault, event = 0, host, guest: name }, index): Interruption[] => {
    if (fault === 'power-loss') return [{ fault, event, host: hostNamed(document, host), index }];
    if (fault !== 'machine-reset') return [];
    const guest = guestNamed(document, name);
    return guest ? [{ fault, event, host: hostNamed(document, guest.host), lpid: guest.lpid, index }] : [];
  });
}

/** The TPM's own work is never torn: a command is done, or was not begun. */
const INSIDE_THE_TPM: ReadonlySet<AnyEvent['kind']> = new Set<AnyEvent['kind']>(['secret', 'key', 'note', 'step.start', 'step.end']);
/** A guest is reset when its hypervisor has control: before a hypercall is handled, or before it is answered. */
const HYPERVISOR_HAS_CONTROL: ReadonlySet<AnyEvent['kind']> = new Set<AnyEvent['kind']>(['hcall.call', 'hcall.return']);

/** Whether an interruption can take effect at an event. */
export const canStrike = (
  { fault, host, lpid }: Omit<Interruption, 'event' | 'index'>,
  event: Pick<AnyEvent, 'kind' | 'host' | 'lpid'>,
): boolean =>
  event.host === host &&
  (fault === 'power-loss' ? !INSIDE_THE_TPM.has(event.kind) : event.lpid === lpid && HYPERVISOR_HAS_CONTROL.has(event.kind));

/** Strikes at the first event from its own on at which it can; until the step is over whatever still runs there ends as well. */
export class Interrupter {
  #waiting: readonly Interruption[];
  #struck: readonly Interruption[] = [];
  readonly #onStrike: ((interruption: Interruption, event: number) => void) | undefined;
  /** The last event at which one that still waits could have struck. */
  readonly #could = new Map<Interruption, number>();

  constructor(interruptions: readonly Interruption[], onStrike?: (interruption: Interruption, event: number) => void) {
    this.#waiting = interruptions;
    this.#onStrike = onStrike;
  }

  /** Those that did not strike, each with the last event at which it could have. */
  get missed(): readonly { readonly interruption: Interruption; readonly last: number | undefined }[] {
    return this.#waiting.map(interruption => ({ interruption, last: this.#could.get(interruption) }));
  }

  /** @throws {Halt} when it strikes. */
  hear(event: AnyEvent): void {
    if (this.#waiting.length === 0 && this.#struck.length === 0) return;
    const could = this.#waiting.filter(one => canStrike(one, event));
    for (const one of could) this.#could.set(one, event.seq);
    const now = could.filter(one => event.seq >= one.event);
    for (const one of now) this.#onStrike?.(one, event.seq);
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
