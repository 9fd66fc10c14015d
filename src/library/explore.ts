/**
 * Every action of a hostile hypervisor at every moment of a scenario, and what of it broke an invariant.
 * @module
 */

export type { Candidate, Found, Rule, Verdict } from '../scenario/index.ts';
export { CLASSES, type Exploration, type ExploreOptions, explore, type Finding, foundScenarios, showRule } from '../scenario/index.ts';
