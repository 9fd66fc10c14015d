export { type Candidate, showRule } from './candidates.ts';
export { type Exploration, type ExploreOptions, explore, type Finding } from './explore.ts';
export { foundScenarios } from './found.ts';
export { CLASSES } from './verdict.ts';
