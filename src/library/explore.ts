/**
 * Every action of a hostile hypervisor at every moment of a scenario, and what of it broke an invariant.
 * @module
 */
export { CLASSES, type Exploration, type ExploreOptions, explore, type Finding, foundScenarios, showRule } from '../scenario/index.ts';
