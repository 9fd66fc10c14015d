import { basename } from 'node:path';
import { visible } from '../../bytes/index.ts';
import { Halt } from '../../hcall/index.ts';
import { type HostSpec, Machine, type MachineState } from '../../machine/index.ts';
import { type AnyEvent, createWorld, type World } from '../../sim/index.ts';
import type { UnlockProgress } from '../../svm/luks/index.ts';
import { Adversary, type AdversaryState, betrayerOf, type Rule, reachOf } from '../adversary/index.ts';
import { showMismatch } from '../expect/expectation.ts';
import { completed, judge } from '../expect/expectations.ts';
import { invariants, type Watcher } from '../invariants/index.ts';
import type { Scenario } from '../language/scenario-schema.ts';
import type { StepKind } from '../steps/step-kind.ts';
import { kindOf } from '../steps/step-kinds.ts';
import type { AnyStep } from './any-step.ts';
import { culpritOf } from './culprit.ts';
import { type Explanation, explain } from './explanation.ts';
import type { HonestRuns } from './honest-step.ts';
import { hostPlans } from './host-plans.ts';
import { Interrupter, type Interruption, interruptionsOf } from './interruptions.ts';
import { passed, RunEnded, type RunLimits } from './limits.ts';
import type { InvariantReport, ScenarioReport, StepReport } from './report.ts';
import { Run, type RunState } from './run-state.ts';
import { StepEvents } from './step-events.ts';
import type { InnerStep, StepOutcome } from './step-outcome.ts';
import { Strikes, type Warning } from './strikes.ts';
import { tpmFaultsOf, withFaults } from './tpm-faults.ts';

export const seedOf = ({ document }: Scenario): string => String(document.seed ?? 1);
export const titleOf = ({ document, file }: Scenario): string => visible((document.title ?? basename(file)).trim());

/** Makes the machine of a run. */
export type CreateMachine = (world: World, hosts: readonly HostSpec[]) => Promise<Machine>;

export interface SessionOptions {
  readonly createMachine?: CreateMachine;
  /** Firmware that takes the place of what the scenario says: a mutant. */
  readonly profile?: HostSpec['profile'];
  readonly onEvent?: (event: AnyEvent) => void;
  /** Told how far the work on a disk's key slot is; then Argon2 leaves the event loop free. */
  readonly onUnlock?: (progress: UnlockProgress) => void;
  /** Other runs of the scenario, with which a step that fails is compared. */
  readonly honest?: HonestRuns | undefined;
  /** Note every moment at which an adversary could act. */
  readonly observe?: boolean;
  readonly limits?: RunLimits;
  /** Wall time in milliseconds, for a limit on it: without, it ends only a run that waits. */
  readonly now?: () => number;
}

/** Where a run stands between two steps, so that another can begin there. */
export interface SessionState {
  readonly machine: MachineState;
  readonly run: RunState;
  readonly steps: readonly StepReport[];
  readonly watchers: readonly unknown[];
  readonly adversaries: ReadonlyMap<string, AdversaryState>;
  readonly events: number;
}

/** A run of a scenario, step by step. */
export class Session {
  readonly scenario: Scenario;
  readonly world: World;
  readonly machine: Machine;
  readonly #run: Run;
  readonly #watchers: readonly { readonly name: string; readonly watcher: Watcher }[];
  readonly #recent = new StepEvents();
  #adversaries = new Map<string, Adversary>();
  #steps: StepReport[] = [];
  #events = 0;
  #fault: { readonly error: unknown } | undefined;
  readonly #limits: RunLimits;
  readonly #elapsedMs: () => number;
  #ended: RunEnded | null = null;
  #interrupter: Interrupter;
  readonly #strikes: Strikes;
  readonly #honest: HonestRuns | undefined;
  readonly #profiles: ReadonlyMap<string, string>;

  private constructor(scenario: Scenario, world: World, machine: Machine, options: SessionOptions) {
    const { observe = false, onEvent, onUnlock, limits = {}, now = () => 0, honest } = options;
    this.#limits = limits;
    const startedMs = now();
    this.#elapsedMs = () => now() - startedMs;
    this.scenario = scenario;
    this.world = world;
    this.machine = machine;
    this.#run = new Run(scenario, world, machine);
    this.#strikes = new Strikes(scenario);
    this.#honest = honest;
    this.#profiles = new Map(hostPlans(scenario).map(({ name, profile }) => [name, profile]));
    this.#interrupter = this.#interrupterOf(interruptionsOf(scenario));
    this.#run.runSteps = steps => this.#inner(steps);
    this.#run.onUnlock = onUnlock;
    const off: readonly string[] = scenario.document.switchOff ?? [];
    this.#watchers = invariants
      .filter(({ name }) => !off.includes(name))
      .map(invariant => ({ name: invariant.name, watcher: invariant.create({ world, machine }) }));
    world.bus.listen(event => this.#hear(event, onEvent));
    if (observe || scenario.document.adversary) this.setRules(scenario.document.adversary ?? [], undefined, observe);
    for (const host of machine.hosts) {
      const faults = tpmFaultsOf(scenario.document.faults, host.name);
      if (faults.length > 0) host.chip.backend = withFaults(host.backend, faults, world, host.name, this.#strikes);
    }
  }

  static async create(scenario: Scenario, options: SessionOptions = {}): Promise<Session> {
    const { createMachine = Machine.create, profile } = options;
    const world = createWorld(seedOf(scenario));
    const plans = hostPlans(scenario).map((plan): HostSpec => (profile === undefined ? plan : { ...plan, profile }));
    return new Session(scenario, world, await createMachine(world, plans), options);
  }

  #hear(event: AnyEvent, onEvent?: (event: AnyEvent) => void): void {
    if (this.#ended) throw this.#ended;
    this.#events++;
    this.#recent.add(event);
    for (const { watcher } of this.#watchers) watcher.watch?.(event);
    try {
      if (!this.#fault) onEvent?.(event);
    } catch (error) {
      if (error instanceof RunEnded) this.#ended = error;
      // Not through the simulated machine: whoever listens is none of its actors.
      else this.#fault = { error };
    }
    this.#ended ??= passed(this.#limits, event, this.#events, this.#limits.wallMs === undefined ? 0 : this.#elapsedMs());
    if (this.#ended) throw this.#ended;
    this.#interrupter.hear(event);
  }

  #interrupterOf(interruptions: readonly Interruption[]): Interrupter {
    return new Interrupter(interruptions, (one, event) => this.#strikes.interruption(one, event));
  }

  /** Nothing happens from now on: whoever still runs in the machine meets this at its next event. */
  end(why: RunEnded): void {
    this.#ended = why;
  }

  /** Makes the hypervisors do what the rules say; what passed before counts on from `before`. */
  setRules(rules: readonly Rule[], before?: ReadonlyMap<string, AdversaryState>, observe = false): void {
    this.#adversaries = new Map();
    for (const host of this.machine.hosts) {
      const bytesOf: Run['bytesOf'] = contents => this.#run.bytesOf(contents);
      const adversary = new Adversary({
        reach: reachOf(host, this.world),
        betray: betrayerOf(host),
        rules,
        bytesOf,
        onStrike: (rule, deed, event) => this.#strikes.rule(rule, deed, event),
        before: before?.get(host.name),
        observe,
      });
      host.hypervisor.interceptor = adversary;
      this.#adversaries.set(host.name, adversary);
    }
  }

  get adversaries(): ReadonlyMap<string, Adversary> {
    return this.#adversaries;
  }

  get done(): number {
    return this.#steps.length;
  }

  get over(): boolean {
    return this.done === this.scenario.document.steps.length || this.#steps.at(-1)?.ok === false;
  }

  /** Runs the next step. */
  async next(): Promise<StepReport> {
    const step = this.scenario.document.steps[this.done];
    if (!step) throw new RangeError('the scenario is over');
    return this.play(step);
  }

  /** Runs a step that need not be one of the scenario's. */
  async play(step: AnyStep): Promise<StepReport> {
    const report = await this.#step(step, this.done + 1, this.done);
    this.#interrupter.afterStep(this.machine);
    if (this.#fault) throw this.#fault.error;
    this.#steps.push(report);
    return report;
  }

  /** `at`: its place among the scenario's steps, if it is one of them. */
  async #step(step: AnyStep, number: number, at?: number): Promise<StepReport> {
    const { world } = this;
    const run = this.#run;
    const kind = kindOf(step);
    const name = step.name ?? step.do;
    const text = kind.text(step, run);
    const startNs = world.clock.nowNs;
    const cause = world.bus.emit('step.start', 'owner', { step: name, text });
    const outcome = await world.bus.within(cause, () => outcomeOf(kind, step, run));
    if (step.name !== undefined) run.note(step.name, outcome);
    for (const { watcher } of this.#watchers) await watcher.afterStep?.();
    const events = this.#recent.take(cause);
    const endNs = world.clock.nowNs;
    const evidence = { outcome, events, startNs, endNs, bytesOf: (contents: Parameters<Run['bytesOf']>[0]) => run.bytesOf(contents) };
    const place = at === undefined ? undefined : this.scenario.places?.steps[at];
    const mismatches = judge(completed(step.expect, kind.usual), evidence);
    const ok = mismatches.length === 0;
    const why = ok ? undefined : await this.#why(text, step, { step: at ?? 0, outcome, mismatches, events }, at !== undefined);
    const said = why ? [...mismatches.map(showMismatch), why.sentence].join('; ') : text;
    world.bus.emit('step.end', 'owner', { step: name, ok, text: said }, { cause });
    return {
      number,
      name,
      do: step.do,
      text,
      ...(place ? { place } : {}),
      ok,
      outcome,
      mismatches,
      ...(why ? { why } : {}),
      startNs,
      endNs,
    };
  }

  async #why(
    text: string,
    { guest }: AnyStep,
    failed: Omit<Parameters<typeof culpritOf>[0], 'strikes' | 'runs'>,
    whole: boolean,
  ): Promise<Explanation> {
    const { events } = failed;
    const culprit = await culpritOf({ ...failed, strikes: this.#strikes.all, runs: whole ? this.#honest : undefined });
    return explain({
      ...failed,
      ...culprit,
      text,
      file: this.scenario.file,
      missed: this.#missed(),
      hint: culprit.strike ? undefined : this.#run.measuredHint(guest, events),
      profileOf: host => (host === undefined ? undefined : this.#profiles.get(host)),
    });
  }

  #missed(): readonly Warning[] {
    const moments = (host?: string) =>
      [...this.#adversaries].flatMap(([name, adversary]) => (host === undefined || host === name ? adversary.moments : []));
    return this.#strikes.missed(moments, this.#interrupter);
  }

  /** Steps of a strand: the rest of them is not run after one that failed. */
  async #inner(steps: readonly AnyStep[]): Promise<readonly InnerStep[]> {
    const done: InnerStep[] = [];
    for (const step of steps) {
      const { name, ok, text, why } = await this.#step(step, done.length + 1);
      done.push({ name, ok, text: why?.sentence ?? text });
      if (!ok) break;
    }
    return done;
  }

  report(interrupted = false, ended?: RunEnded): ScenarioReport {
    const { scenario } = this;
    const reports = this.#watchers.map(({ name, watcher }): InvariantReport => {
      const breaches = watcher.breaches();
      const text = breaches.map(breach => breach.text).join('; ') || watcher.held();
      return { name, ok: breaches.length === 0, text, leaks: breaches.length > 0 ? (watcher.leaks?.() ?? []) : [] };
    });
    const notRun = scenario.document.steps.length - this.done;
    const wanted = scenario.document.violates ?? [];
    const invariantReports = reports.map(report => (wanted.includes(report.name) ? turned(report) : report));
    return {
      file: scenario.file,
      title: titleOf(scenario),
      seed: seedOf(scenario),
      ok: this.done > 0 && notRun === 0 && [...this.#steps, ...invariantReports].every(({ ok }) => ok),
      interrupted,
      ...(ended ? { ended: { reason: ended.reason, text: ended.message } } : {}),
      steps: this.#steps,
      notRun,
      invariants: invariantReports,
      asked: wanted.length + askedOf(scenario.document.steps),
      warnings: notRun === 0 && !ended ? this.#missed() : [],
      events: this.#events,
      virtualTimeNs: this.world.clock.nowNs,
    };
  }

  close(): Promise<void> {
    return this.machine.close();
  }

  snapshot(): SessionState {
    return {
      machine: this.machine.snapshot(),
      run: this.#run.snapshot(),
      steps: [...this.#steps],
      watchers: this.#watchers.map(({ watcher }) => watcher.snapshot()),
      adversaries: new Map([...this.#adversaries].map(([host, adversary]) => [host, adversary.snapshot()])),
      events: this.#events,
    };
  }

  /** Goes back to a state of this session, with other rules from there on. */
  restore(state: SessionState, rules: readonly Rule[], interruptions = interruptionsOf(this.scenario)): void {
    this.#interrupter = this.#interrupterOf(interruptions);
    this.#strikes.clear();
    this.machine.restore(state.machine);
    this.#run.restore(state.run);
    this.#steps = [...state.steps];
    this.#watchers.forEach(({ watcher }, i) => watcher.restore(state.watchers[i]));
    this.#events = state.events;
    this.#recent.clear();
    this.setRules(rules, state.adversaries);
  }
}

/** Expectations that these steps, and those within them, have of their own. */
const askedOf = (steps: readonly AnyStep[]): number =>
  steps.reduce(
    (sum, step) =>
      sum +
      Object.keys(step.expect ?? {}).length +
      kindOf(step)
        .strands(step)
        .reduce((n, strand) => n + askedOf(strand), 0),
    0,
  );

/** A weakness that the scenario shows: the run holds when the invariant does not. */
const turned = (report: InvariantReport): InvariantReport => ({
  ...report,
  ok: !report.ok,
  text: report.ok ? `expected to be violated, but ${report.text}` : `violated, as this scenario shows: ${report.text}`,
});

/** A call that never returns is an outcome of its step. */
async function outcomeOf(kind: StepKind, step: AnyStep, run: Run): Promise<StepOutcome> {
  try {
    return await kind.run(step, run);
  } catch (halt) {
    if (!(halt instanceof Halt)) throw halt;
    return { result: { kind: 'never', how: halt.how, scope: halt.scope } };
  }
}
