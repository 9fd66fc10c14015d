import { RunEnded, type Session, stateLines } from '../../scenario/index.ts';
import type { AnyEvent } from '../../sim/index.ts';
import { jsonLine } from '../../trace/index.ts';
import type { Io } from '../io.ts';

const HELP = 'Enter or s: to the next event; c: on to the next that fits; u NAME: on to another; p: state; e: the event; q: end the run';

/** Stops a run at an event: by its number, its kind, or the name of what it is about; then goes on as the person says. */
export class Breakpoint {
  readonly #spec: string;
  readonly #io: Io;
  #session: Session | undefined;
  #wanted: string;
  #stepping = false;
  #hits = 0;

  constructor(spec: string, io: Io) {
    this.#spec = spec;
    this.#io = io;
    this.#wanted = spec;
  }

  begin(session: Session): void {
    this.#session = session;
    this.#wanted = this.#spec;
    this.#stepping = false;
  }

  get missed(): boolean {
    return this.#hits === 0;
  }

  /** @throws {RunEnded} when the run is to end here: always where nobody can be asked. */
  event(event: AnyEvent): void {
    if (!this.#stepping && !fits(this.#wanted, event)) return;
    this.#hits++;
    const where = `#${event.seq} ${event.kind}${nameOf(event) ? ` ${nameOf(event)}` : ''}`;
    this.#io.out(`-- stopped at ${where}\n`);
    if (!this.#io.ask) {
      this.#state();
      throw new RunEnded('break', `stopped at ${where}`);
    }
    for (;;) {
      const [command = '', ...rest] = (this.#io.ask('(break) ') ?? 'q').trim().split(/ +/);
      switch (command) {
        case '':
        case 's':
          this.#stepping = true;
          return;
        case 'c':
        case 'u':
          if (command === 'u' && rest.length > 0) this.#wanted = rest.join(' ');
          this.#stepping = false;
          return;
        case 'p':
          this.#state();
          break;
        case 'e':
          this.#io.out(`${jsonLine(event)}\n`);
          break;
        case 'q':
          throw new RunEnded('break', `stopped at ${where}`);
        default:
          this.#io.out(`${HELP}\n`);
      }
    }
  }

  #state(): void {
    if (this.#session) this.#io.out(`${stateLines(this.#session).join('\n')}\n`);
  }
}

const nameOf = ({ data }: AnyEvent): string => ('name' in data ? data.name : 'step' in data ? data.step : 'of' in data ? data.of : '');

function fits(wanted: string, event: AnyEvent): boolean {
  const number = /^#?(\d+)$/.exec(wanted);
  return number ? event.seq === Number(number[1]) : [event.kind, nameOf(event), `${event.kind} ${nameOf(event)}`].includes(wanted);
}
