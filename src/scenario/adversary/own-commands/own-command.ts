import { z } from 'zod';
import { type CommandRecord, commands } from '../../../tpm/index.ts';
import type { RuleProblem } from '../action.ts';
import { meant, record } from './own-command-values.ts';

const HANDLE = z.union([z.int().min(0), z.string().min(1)]);

/** A TPM command that the adversary sends, as the scenario writes it. */
export const OWN_COMMAND = z.strictObject({
  command: z.string().describe('Name of the command, such as `TPM2_PCR_Reset`.'),
  handles: z
    .record(z.string(), HANDLE)
    .optional()
    .describe('Its handles by name: numbers, or the `as` of an earlier command. Each that wants it is authorized by an empty password.'),
  parameters: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Its parameters by name: numbers, names of constants, hexadecimal for bytes, lists and mappings as Part 2 declares them.'),
  as: z.string().optional().describe('A name for the handle in its response, for commands that follow.'),
});
export type OwnCommand = z.infer<typeof OWN_COMMAND>;

/** A command with the values that its declaration wants. */
interface Built {
  readonly command: CommandRecord;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * Finds the declaration and makes values of what the scenario writes.
 * @throws {RangeError} that says what is wrong, in words for whoever wrote it.
 */
export function buildOwn({ command: name, handles = {}, parameters = {} }: OwnCommand): Built {
  const command = byName.get(name);
  if (!command) throw new RangeError(`there is no TPM command "${name}"${meant(name, [...byName.keys()])}`);
  for (const handle of Object.keys(command.handles))
    if (handles[handle] === undefined) throw new RangeError(`${name} wants the handle "${handle}"`);
  for (const given of Object.keys(handles)) {
    if (!(given in command.handles)) throw new RangeError(`${name} has no handle "${given}"${meant(given, Object.keys(command.handles))}`);
  }
  return { command, params: record(name, command.params, parameters) };
}

/** What is wrong with one of a rule's commands. */
export function ownProblem(own: OwnCommand, index: number): readonly RuleProblem[] {
  try {
    buildOwn(own);
    return [];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [{ path: ['commands', index], what: error.message }];
  }
}

const byName: ReadonlyMap<string, CommandRecord> = new Map([...commands.values()].map(command => [command.name, command]));
