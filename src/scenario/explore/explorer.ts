import type { HostSpec } from '../../machine/index.ts';
import type { AnyEvent } from '../../sim/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import type { Rule } from '../adversary/index.ts';
import type { Scenario } from '../language/scenario-schema.ts';
import type { Interruption } from '../run/interruptions.ts';
import { Session, type SessionState } from '../run/session.ts';
import { candidatesOf, type Deed } from './candidates.ts';
import { type Cut, cutsOf, type Marked, marked, recovery } from './interruptions.ts';
import { classify, type Verdict } from './verdict.ts';

const KEPT: ReadonlySet<AnyEvent['kind']> = new Set<AnyEvent['kind']>(['check', 'tpm.response', 'adversary']);

/** Runs one scenario again and again, each time from the last moment before the adversary acts. */
export class Explorer {
  readonly #session: Session;
  readonly #events: AnyEvent[];
  readonly #states: readonly SessionState[];
  readonly candidates: readonly Deed[];
  /** Machine resets and losses of power at every event. */
  readonly cuts: readonly Cut[];
  /** Number of moments that had passed before each step. */
  readonly #momentsBefore: readonly number[];

  private constructor(
    session: Session,
    events: AnyEvent[],
    states: readonly SessionState[],
    candidates: readonly Deed[],
    cuts: readonly Cut[],
  ) {
    this.#session = session;
    this.#events = events;
    this.#states = states;
    this.candidates = candidates;
    this.cuts = cuts;
    this.#momentsBefore = states.map(({ adversaries }) => [...adversaries.values()].reduce((sum, { moments }) => sum + moments.length, 0));
  }

  /** Makes the honest run, keeping the state before each step. */
  static async prepare(scenario: Scenario, profile?: HostSpec['profile']): Promise<Explorer> {
    const events: AnyEvent[] = [];
    let marks: Marked[] | null = [];
    const session = await Session.create(scenario, {
      observe: true,
      ...(profile === undefined ? {} : { profile }),
      onEvent(event) {
        if (KEPT.has(event.kind)) events.push(event);
        marks?.push(marked(event));
      },
    });
    const states: SessionState[] = [];
    while (!session.over) {
      states.push(session.snapshot());
      await session.next();
    }
    const honest = session.report();
    if (!honest.ok) {
      const why =
        honest.steps.find(({ ok }) => !ok)?.why?.sentence ?? honest.invariants.find(({ ok }) => !ok)?.text ?? 'not all steps were run';
      throw new SimulatorError('explore.honest', {
        where: scenario.file,
        what: `already the run without an adversary fails: ${why}`,
        hint: 'Explore a scenario that holds.',
      });
    }
    const severalGuests = (scenario.document.guests?.length ?? 0) > 1;
    const candidates = [...session.adversaries.values()].flatMap(({ moments }) => candidatesOf(moments, severalGuests));
    const cuts = cutsOf(scenario, marks);
    marks = null; // of the honest run only
    return new Explorer(session, events, states, candidates, cuts);
  }

  /** Runs the scenario with these rules; `moment`: the first moment that any of them means. */
  async run(rules: readonly Rule[], moment: number): Promise<Verdict> {
    const step = this.#momentsBefore.findLastIndex(before => before <= moment);
    const state = this.#states[Math.max(step, 0)];
    if (!state) throw new RangeError('nothing was prepared');
    this.#events.length = 0;
    this.#session.restore(state, [...(this.#session.scenario.document.adversary ?? []), ...rules]);
    while (!this.#session.over) await this.#session.next();
    return classify(this.#session.report(), this.#events, rules);
  }

  /** Runs the scenario up to a machine reset or a loss of power, starts again, and goes on from there. */
  async cut(interruption: Interruption): Promise<Verdict> {
    const struck = this.#states.findLastIndex(({ machine }) => machine.seq <= interruption.event);
    const state = this.#states[struck];
    if (!state) throw new RangeError('nothing was prepared');
    const session = this.#session;
    const { scenario } = session;
    this.#events.length = 0;
    session.restore(state, scenario.document.adversary ?? [], [interruption]);
    await session.next(); // whatever comes of it
    let ok = true;
    for (const step of recovery(scenario, interruption, struck)) {
      if (ok) ({ ok } = await session.play(step));
    }
    return classify(session.report(), this.#events, []);
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
