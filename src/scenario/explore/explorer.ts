import type { AnyEvent } from '../../sim/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import type { Rule } from '../adversary/index.ts';
import type { Scenario } from '../load.ts';
import type { AnyHostPlan } from '../ports.ts';
import { Session, type SessionState } from '../session.ts';
import { type Candidate, candidatesOf } from './candidates.ts';
import { classify, type Verdict } from './verdict.ts';

const KEPT: ReadonlySet<AnyEvent['kind']> = new Set<AnyEvent['kind']>(['check', 'tpm.response', 'adversary']);

/** Runs one scenario again and again, each time from the last moment before the adversary acts. */
export class Explorer {
  readonly #session: Session;
  readonly #events: AnyEvent[];
  readonly #states: readonly SessionState[];
  readonly candidates: readonly Candidate[];
  /** Number of moments that had passed before each step. */
  readonly #momentsBefore: readonly number[];

  private constructor(session: Session, events: AnyEvent[], states: readonly SessionState[], candidates: readonly Candidate[]) {
    this.#session = session;
    this.#events = events;
    this.#states = states;
    this.candidates = candidates;
    this.#momentsBefore = states.map(({ adversaries }) => [...adversaries.values()].reduce((sum, { moments }) => sum + moments.length, 0));
  }

  /** Makes the honest run, keeping the state before each step. */
  static async prepare(scenario: Scenario, profile?: AnyHostPlan['profile']): Promise<Explorer> {
    const events: AnyEvent[] = [];
    const session = await Session.create(scenario, {
      observe: true,
      ...(profile === undefined ? {} : { profile }),
      onEvent: event => void (KEPT.has(event.kind) && events.push(event)),
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
    return new Explorer(session, events, states, candidates);
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

  close(): Promise<void> {
    return this.#session.close();
  }
}
