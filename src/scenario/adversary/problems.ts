import { hcalls } from '../../hcall/index.ts';
import { commands } from '../../tpm/index.ts';
import { commandCodes } from '../../tpm/wire/index.ts';
import { ultracalls } from '../../ultravisor/index.ts';
import type { RuleProblem } from './action.ts';
import { actions } from './actions/index.ts';
import { possibleFields } from './messages/message-fields.ts';
import type { Rule } from './rule.ts';

/** Names of calls as rules select them. */
const CALLS: readonly string[] = [
  ...[...hcalls.values(), ...ultracalls.values()].map(({ name }) => name),
  'unknown hypercall',
  'unknown ultracall',
  'interrupt',
];
/** Names of TPM commands, also of those that the embedded TPM lacks. */
export const COMMAND_NAMES: readonly string[] = [...commandCodes.keys()];

/** What the schema cannot say of a rule: names of calls, commands and fields, and what belongs together. */
export function ruleProblems(rule: Rule): readonly RuleProblem[] {
  const problems: RuleProblem[] = [];
  const { call, command, field } = rule;
  if (call !== undefined && !CALLS.includes(call))
    problems.push({ path: ['call'], what: `there is no call "${call}"`, word: call, among: CALLS });
  const known = command === undefined || COMMAND_NAMES.includes(command) || /^0x[0-9a-f]+$/.test(command);
  if (!known) problems.push({ path: ['command'], what: `there is no TPM command "${command}"`, word: command ?? '', among: COMMAND_NAMES });
  if (typeof field === 'string' && known) problems.push(...fieldProblems(rule, field));
  return [...problems, ...(actions.get(rule.do)?.problems?.(rule) ?? [])];
}

function fieldProblems({ at, command }: Rule, field: string): readonly RuleProblem[] {
  if (at !== 'tpm-request' && at !== 'tpm-response') return [{ path: ['field'], what: 'only a TPM message has fields' }];
  const declared = [...commands.values()].find(({ name }) => name === command);
  const names = possibleFields(at, declared);
  // Of a parameter with parts, and of a message of any command, the first words tell.
  const stem = (name: string): string =>
    name.replace(/\[\d+\]/, '[0]').replace(/\.nonce$/, at === 'tpm-request' ? '.nonceCaller' : '.nonceTPM');
  const open = declared === undefined && /^(parameters|handles)\./.test(field);
  if (open || names.some(name => stem(field) === name || stem(field).startsWith(`${name}.`) || stem(field).startsWith(`${name}[`)))
    return [];
  const of = declared ? `a ${at === 'tpm-request' ? 'command' : 'response'} of ${declared.name}` : 'a TPM message';
  return [{ path: ['field'], what: `${of} has no field "${field}"`, word: field, among: names }];
}
