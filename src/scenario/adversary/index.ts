export { ADVERSARY, actions } from './actions/index.ts';
export { betrayerOf } from './betrayal.ts';
export { Adversary, type AdversaryState } from './engine.ts';
export { reachOf } from './host-reach.ts';
export type { Moment, Point, Region } from './moment.ts';
export { buildOwn, OWN_COMMAND, type OwnCommand } from './own-commands/own-command.ts';
export { sendOwn } from './own-commands/send-own.ts';
export { COMMAND_NAMES, ruleProblems } from './problems.ts';
export type { Rule } from './rule.ts';
