export type { Mismatch } from './expectations/expectation.ts';
export { type Explanation, LAYERS, type Layer } from './explanation.ts';
export { CLASSES, type Exploration, type ExploreOptions, explore, type Finding, foundScenarios, showRule } from './explore/index.ts';
export { type EndReason, RunEnded, type RunLimits } from './limits.ts';
export { loadScenario, loadScenarios, parseScenario, type Scenario } from './load.ts';
export type { Leak } from './no-leak.ts';
export type { StepOutcome, StepResult } from './outcome.ts';
export { type Overrides, withOverrides } from './overrides.ts';
export type {
  CreateMachine,
  GuestPlan,
  GuestPort,
  GuestState,
  HostPlan,
  HostPort,
  MachinePort,
  Never,
} from './ports.ts';
export type { InvariantReport, ScenarioReport, StepReport } from './report.ts';
export { type RunOptions, runScenario } from './run.ts';
export { hostPlans } from './run-state.ts';
export { type ScenarioDocument, scenarioJsonSchema } from './schema.ts';
export { Session, type SessionOptions, type SessionState, seedOf, titleOf } from './session.ts';
export { type Problem, ScenarioError } from './source.ts';
export { stateLines } from './state-lines.ts';
export { stepKinds } from './steps/index.ts';
export { overThreads, STOP } from './workers.ts';
