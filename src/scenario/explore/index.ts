export { type Candidate, showRule } from './candidates.ts';
export { type Exploration, type ExploreOptions, explore, type Finding } from './explore.ts';
export { type Found, foundScenarios } from './found.ts';
export { CLASSES, type Verdict, type VerdictClass } from './verdict.ts';
