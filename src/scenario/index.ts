export type { Mismatch } from './expect/expectation.ts';
export { CLASSES, type Exploration, type ExploreOptions, explore, type Finding, foundScenarios, showRule } from './explore/index.ts';
export type { Leak } from './invariants/leak-search.ts';
export { loadScenario, loadScenarios, parseScenario, type Scenario } from './language/load-scenario.ts';
export { type Overrides, withOverrides } from './language/overrides.ts';
export { type ScenarioDocument, scenarioJsonSchema } from './language/scenario-schema.ts';
export { type Problem, ScenarioError } from './language/yaml-source.ts';
export { type Explanation, LAYERS, type Layer } from './run/explanation.ts';
export { type EndReason, RunEnded, type RunLimits } from './run/limits.ts';
export type {
  CreateMachine,
  GuestPlan,
  GuestPort,
  GuestState,
  HostPlan,
  HostPort,
  MachinePort,
  Never,
} from './run/ports.ts';
export type { InvariantReport, ScenarioReport, StepReport } from './run/report.ts';
export { type RunOptions, runScenario } from './run/run-scenario.ts';
export { hostPlans } from './run/run-state.ts';
export { Session, type SessionOptions, type SessionState, seedOf, titleOf } from './run/session.ts';
export { stateLines } from './run/state-lines.ts';
export type { StepOutcome, StepResult } from './run/step-outcome.ts';
export { overThreads, STOP } from './run/workers.ts';
export { stepKinds } from './steps/step-kinds.ts';
