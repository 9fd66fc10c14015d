import type { Fields, StructValue } from '../bytes/index.ts';
import type { Call } from './model/call.ts';
import type { Core } from './model/core.ts';
import type { CommandRecord, HandleUse, HandleUses } from './record.ts';

export { admin, dup, plain, user } from './record.ts';

type NoHandles = Readonly<Record<never, HandleUse>>;

/** A response: its handle, if it has one, stands in front of the parameters. */
export type Returns<R extends Fields, K extends string> = StructValue<R> & { readonly [P in K]: number };

/** A command's record with what the TPM does about it. */
export interface Command<H extends HandleUses = HandleUses, P extends Fields = Fields, R extends Fields = Fields, K extends string = string>
  extends CommandRecord<H, P, R, K> {
  /**
   * Part 3's checks, in their order, then the action. Handles and parameters by name; a persistent object comes with the handle
   * of the slot it was copied to.
   * @throws {Refusal} before anything was changed.
   * @internal
   */
  run(tpm: Core, input: { readonly [N in keyof H]: number } & StructValue<P>, call: Call): Returns<R, NoInfer<K>>;
}
/** A command of whatever types, as the table holds it: dispatch makes the input by the same record that types it. */
export interface AnyCommand extends CommandRecord {
  /** @internal */
  run(tpm: Core, input: Readonly<Record<string, unknown>>, call: Call): Readonly<Record<string, unknown>>;
}

/** Declares a command; the types of its input and output follow from the declaration. */
export function command<
  const H extends HandleUses = NoHandles,
  const P extends Fields = Readonly<Record<never, never>>,
  const R extends Fields = Readonly<Record<never, never>>,
  const K extends string = never,
>(declared: Command<H, P, R, K>): Command<H, P, R, K> {
  return declared;
}

/** Commands by code. Two with one code, or a handle without a role before one that has a role, stop the start-up. */
export function table(modules: readonly Readonly<Record<string, unknown>>[]): ReadonlyMap<number, AnyCommand> {
  const byCode = new Map<number, AnyCommand>();
  for (const module of modules) {
    for (const entry of Object.values(module)) {
      if (!isCommand(entry)) continue;
      const other = byCode.get(entry.code);
      if (other) throw new RangeError(`${entry.name} and ${other.name} both have code 0x${entry.code.toString(16)}`);
      const roles = Object.values<HandleUse>(entry.handles).map(use => use.auth !== undefined);
      if (roles.lastIndexOf(true) > roles.indexOf(false) && roles.includes(false) && roles.includes(true)) {
        throw new RangeError(`${entry.name}: handles that are authorized come first`);
      }
      byCode.set(entry.code, entry);
    }
  }
  return new Map([...byCode].sort(([a], [b]) => a - b));
}

const isCommand = (entry: unknown): entry is AnyCommand =>
  typeof entry === 'object' && entry !== null && 'code' in entry && 'run' in entry && 'handles' in entry;
