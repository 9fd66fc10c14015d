import { type GuestEntry, recipientHosts } from '../language/guest-entry.ts';
import { hostNamed, type Machines } from '../language/machines.ts';
import type { Complaint } from '../language/problem.ts';

/** To whom a step happens. */
export type Whom = { readonly is: 'host'; readonly host: string } | { readonly is: 'guest'; readonly guest: GuestEntry };

/** What a step does to a host, or to a guest, that others ask for: `boots` and `reboots` to a host, `starts` to a guest. */
export type Move = 'boots' | 'reboots' | 'starts';

/** Which hosts and guests are up at a point of a scenario, as far as its text tells. */
export class Stage {
  readonly #machines: Machines;
  readonly #booted = new Set<string>();
  readonly #started = new Set<string>();

  constructor(machines: Machines) {
    this.#machines = machines;
  }

  /** A step is done; what stands against it. */
  take(whom: Whom, move: Move | undefined): Pick<Complaint, 'what' | 'hint'> | undefined {
    if (whom.is === 'guest') return move === 'starts' ? this.#start(whom.guest) : this.#runs(whom.guest);
    const { host } = whom;
    if (move === 'boots') return this.#boot(host);
    if (move === 'reboots') this.#end(host);
    return this.#up(host);
  }

  #up(host: string): Pick<Complaint, 'what' | 'hint'> | undefined {
    return this.#booted.has(host) ? undefined : { what: `host "${host}" has not booted yet`, hint: 'Put "do: boot" before this step.' };
  }

  #runs({ name }: GuestEntry): Pick<Complaint, 'what' | 'hint'> | undefined {
    if (this.#started.has(name)) return undefined;
    return { what: `guest "${name}" does not run at this point`, hint: 'Put "do: start" before this step.' };
  }

  #boot(host: string): Pick<Complaint, 'what' | 'hint'> | undefined {
    if (this.#booted.has(host)) return { what: `host "${host}" has booted already`, hint: 'Use "do: reboot".' };
    this.#booted.add(host);
    return undefined;
  }

  /** Where a host boots again, its guests are gone. */
  #end(host: string): void {
    for (const guest of this.#machines.guests ?? []) if (this.#hostOf(guest) === host) this.#started.delete(guest.name);
  }

  #start(guest: GuestEntry): Pick<Complaint, 'what' | 'hint'> | undefined {
    this.#started.add(guest.name);
    const needed = [this.#hostOf(guest), ...recipientHosts(guest).map(({ host }) => host)];
    const missing = needed.find(host => !this.#booted.has(host));
    return missing === undefined ? undefined : this.#up(missing);
  }

  #hostOf({ host }: GuestEntry): string {
    return hostNamed(this.#machines, host);
  }
}
