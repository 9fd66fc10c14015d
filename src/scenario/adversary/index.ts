export { ADVERSARY, actions, type Rule } from './actions/index.ts';
export { Adversary, type AdversaryState } from './engine.ts';
export type { Moment, Point, Region } from './points.ts';
export { COMMAND_NAMES, ruleProblems } from './problems.ts';
export { buildOwn, OWN_COMMAND, sendOwn } from './tpm-commands.ts';
