/** The library: run scenarios, build machines, read traces. */

export type { EmulatorKind, GenerationChoice, Program, VtpmSpec } from './machine/index.ts';
export {
  EMULATORS,
  type EsmOutcome,
  Guest,
  type GuestSpec,
  type GuestState,
  Host,
  type HostSpec,
  Machine,
  type MachineState,
} from './machine/index.ts';
export type {
  Candidate,
  Choice,
  EndReason,
  InnerStep,
  KeyChange,
  Layer,
  Leak,
  LinePlace,
  Mismatch,
  Places,
  RunLimits,
  ShownRule,
  StepOutcome,
  StepPlace,
  StepResult,
  Verdict,
  Warning,
} from './scenario/index.ts';
export {
  type Explanation,
  type Exploration,
  type ExploreOptions,
  explore,
  type Finding,
  type InvariantReport,
  loadScenario,
  loadScenarios,
  type Overrides,
  type Problem,
  parseScenario,
  type RunOptions,
  runScenario,
  type Scenario,
  ScenarioError,
  type ScenarioReport,
  type StepReport,
  scenarioJsonSchema,
  withOverrides,
} from './scenario/index.ts';
export type { Clock, EventBus, Lock, Place, Random, RandomState, Scheduler, SecretRegister, Stateful } from './sim/index.ts';
export {
  ACTORS,
  type Actor,
  type AnyEvent,
  createWorld,
  type EventData,
  type EventKind,
  type Secret,
  type Sight,
  type SimEvent,
  SimulatorError,
  type World,
} from './sim/index.ts';
export type { Swapping } from './tpmrm/index.ts';
export { jsonLine, type Level, readTrace, Timeline, type Trace, TraceWriter } from './trace/index.ts';
export { type Profile, profileNames, profiles } from './ultravisor/index.ts';
