import { Halt } from '../hcall/index.ts';
import { Machine } from '../machine/index.ts';
import { type AnyEvent, createWorld, type EventKind, type World } from '../sim/index.ts';
import type { Mismatch } from './expectations/expectation.ts';
import { completed, type Expected, judge } from './expectations/index.ts';
import { type Explanation, explain } from './explanation.ts';
import type { Scenario } from './load.ts';
import { type Leak, NoLeak, showLeak } from './no-leak.ts';
import type { StepOutcome } from './outcome.ts';
import type { CreateMachine, MachinePort } from './ports.ts';
import { hostPlans, Run } from './run-state.ts';
import { stepKinds } from './steps/index.ts';
import type { AnyStepKind, Step } from './steps/step-kind.ts';

/** What a run is made with. */
export interface RunOptions {
  /** Something that stands in for the machine. */
  readonly createMachine?: CreateMachine;
  /** Told every event, as it happens. */
  readonly onEvent?: (event: AnyEvent) => void;
  /** Told each step as soon as it is over. */
  readonly onStep?: (step: StepReport) => void;
  /** Ends the run before the next step. */
  readonly signal?: AbortSignal;
}

export interface StepReport {
  /** Counts from 1. */
  readonly number: number;
  /** The name that the scenario gives it, or its kind. */
  readonly name: string;
  readonly do: string;
  /** What happened, in a line. */
  readonly text: string;
  readonly ok: boolean;
  readonly outcome: StepOutcome;
  readonly mismatches: readonly Mismatch[];
  /** Of a step that did not give what was expected: why. */
  readonly why?: Explanation;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export interface InvariantReport {
  readonly name: string;
  readonly ok: boolean;
  readonly text: string;
  readonly leaks: readonly Leak[];
}

export interface ScenarioReport {
  readonly file: string;
  readonly title: string;
  readonly seed: string;
  /** Everything that was expected came, every invariant held, and at least one step ran. */
  readonly ok: boolean;
  readonly interrupted: boolean;
  readonly steps: readonly StepReport[];
  /** Steps that were not run, since an earlier one failed or somebody interrupted. */
  readonly notRun: number;
  readonly invariants: readonly InvariantReport[];
  readonly events: number;
  readonly virtualTimeNs: bigint;
}

/** Kinds of event from which a step is judged and explained. */
const TELLING: ReadonlySet<EventKind> = new Set<EventKind>(['check', 'tpm.response', 'hcall.return', 'ultracall.return', 'note', 'state']);

export const seedOf = ({ document }: Scenario): string => String(document.seed ?? 1);
export const titleOf = ({ document, file }: Scenario): string => document.title ?? file.slice(file.lastIndexOf('/') + 1);

/**
 * Runs a scenario on a machine of its own.
 * @throws {SimulatorError} when the environment fails (a TPM that cannot be reached). What simulated actors do is in the report.
 */
export async function runScenario(scenario: Scenario, options: RunOptions = {}): Promise<ScenarioReport> {
  const world = createWorld(seedOf(scenario));
  const recent: AnyEvent[] = [];
  const noLeak = new NoLeak();
  const watched = !scenario.document.switchOff?.includes('no-leak');
  let events = 0;
  let fault: { readonly error: unknown } | undefined;
  const deaf = world.bus.listen(event => {
    events++;
    if (TELLING.has(event.kind)) recent.push(event);
    if (watched) noLeak.watch(event);
    try {
      if (!fault) options.onEvent?.(event);
    } catch (error) {
      // Not through the simulated machine: whoever listens is none of its actors.
      fault = { error };
    }
  });
  const { createMachine = Machine.create } = options;
  const machine: MachinePort = await createMachine(world, hostPlans(scenario));
  const steps: StepReport[] = [];
  let interrupted = false;
  try {
    const run = new Run(scenario, world, machine);
    for (const step of scenario.document.steps) {
      await new Promise(resolve => setImmediate(resolve)); // signals are heard between steps
      interrupted = options.signal?.aborted ?? false;
      if (interrupted) break;
      recent.length = 0;
      const report = await runStep(run, world, step, steps.length + 1, recent);
      if (fault) throw fault.error;
      steps.push(report);
      options.onStep?.(report);
      if (!report.ok) break;
    }
  } finally {
    await machine.close();
    deaf();
  }
  const invariants = watched ? [noLeakReport(noLeak.leaks(world.secrets.all), world.secrets.all.length)] : [];
  const notRun = scenario.document.steps.length - steps.length;
  return {
    file: scenario.file,
    title: titleOf(scenario),
    seed: seedOf(scenario),
    ok: steps.length > 0 && notRun === 0 && [...steps, ...invariants].every(({ ok }) => ok),
    interrupted,
    steps,
    notRun,
    invariants,
    events,
    virtualTimeNs: world.clock.nowNs,
  };
}

async function runStep(run: Run, world: World, step: Step, number: number, recent: readonly AnyEvent[]): Promise<StepReport> {
  const kind = stepKinds.get(step.do) as AnyStepKind;
  const name = step.name ?? step.do;
  const text = kind.text(step, run);
  const startNs = world.clock.nowNs;
  const cause = world.bus.emit('step.start', 'owner', { step: name, text });
  const outcome = await world.bus.within(cause, () => outcomeOf(kind, step, run));
  const expected: Expected = completed(step.expect, kind.usual);
  const mismatches = judge(expected, { outcome, events: recent, bytesOf: contents => run.bytesOf(contents) });
  const ok = mismatches.length === 0;
  const why = ok ? undefined : explain(text, outcome, mismatches, recent);
  world.bus.emit('step.end', 'owner', { step: name, ok, text: why?.sentence ?? text }, { cause });
  return { number, name, do: step.do, text, ok, outcome, mismatches, ...(why ? { why } : {}), startNs, endNs: world.clock.nowNs };
}

/** A call that never returns is an outcome of its step. */
async function outcomeOf(kind: AnyStepKind, step: Step, run: Run): Promise<StepOutcome> {
  try {
    return await kind.run(step, run);
  } catch (halt) {
    if (!(halt instanceof Halt)) throw halt;
    return { result: { kind: 'never', how: halt.how, scope: halt.scope } };
  }
}

function noLeakReport(leaks: readonly Leak[], secrets: number): InvariantReport {
  const text = leaks.length > 0 ? leaks.map(showLeak).join('; ') : `none of ${secrets} secrets was visible to the hypervisor`;
  return { name: 'no-leak', ok: leaks.length === 0, text, leaks };
}
