import { hcalls } from '../../hcall/index.ts';
import { commands } from '../../tpm/index.ts';
import { TPM_CC } from '../../tpm/wire/index.ts';
import { ultracalls } from '../../ultravisor/index.ts';
import type { Rule } from './actions/index.ts';
import { possibleFields } from './message-fields.ts';
import { buildOwn, type OwnCommand } from './tpm-commands.ts';

/** Names of calls as rules select them. */
const CALLS: readonly string[] = [
  ...[...hcalls.values(), ...ultracalls.values()].map(({ name }) => name),
  'unknown hypercall',
  'unknown ultracall',
  'interrupt',
];
/** Names of TPM commands, also of those that the embedded TPM lacks. */
export const COMMAND_NAMES: readonly string[] = Object.keys(TPM_CC).map(name => `TPM2_${name}`);

/** Something that a rule says and that cannot be meant; `among`: the words that could. */
export interface RuleProblem {
  readonly path: readonly (string | number)[];
  readonly what: string;
  readonly word?: string;
  readonly among?: readonly string[];
}

/** What the schema cannot say of a rule: names of calls, commands and fields, and what belongs together. */
export function ruleProblems(rule: Rule): readonly RuleProblem[] {
  const problems: RuleProblem[] = [];
  const { call, command, field } = rule;
  if (call !== undefined && !CALLS.includes(call))
    problems.push({ path: ['call'], what: `there is no call "${call}"`, word: call, among: CALLS });
  const known = command === undefined || COMMAND_NAMES.includes(command) || /^0x[0-9a-f]+$/.test(command);
  if (!known) problems.push({ path: ['command'], what: `there is no TPM command "${command}"`, word: command ?? '', among: COMMAND_NAMES });
  if (typeof field === 'string' && known) problems.push(...fieldProblems(rule, field));
  if (rule.do === 'extra' && (rule.ultracall === undefined) === (rule.hypercall === undefined))
    problems.push({ path: [], what: 'give either "ultracall" or "hypercall"' });
  if (rule.do === 'tpm' && rule.program === undefined && rule.commands === undefined)
    problems.push({ path: [], what: 'give "program" or "commands"' });
  ((rule.commands as readonly OwnCommand[] | undefined) ?? []).forEach((own, i) => {
    try {
      buildOwn(own);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push({ path: ['commands', i], what: error.message });
    }
  });
  return problems;
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
