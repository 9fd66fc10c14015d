import type { ClientSession } from '../../../src/tpm/client/index.ts';
import { type CommandRecord, commands } from '../../../src/tpm/index.ts';
import type { Both } from './pair.ts';
import type { TwinSession } from './world.ts';

/** What authorizes a handle, for both TPMs. */
export type TwinAuth =
  | { readonly password: Uint8Array }
  | { readonly session: TwinSession; readonly authValue: Uint8Array; readonly attributes: number; readonly more?: object };

/** A command to be sent to both TPMs. */
export interface Wanted {
  readonly command: CommandRecord;
  readonly handles: readonly Both<number>[];
  readonly values: Readonly<Record<string, unknown>>;
  /** Made up if not given. */
  readonly auths?: readonly TwinAuth[];
  /** No mischief: what a flow needs. */
  readonly careful?: boolean;
}

/** What both TPMs said. */
export interface Said {
  readonly handle: number;
  readonly out: Readonly<Record<string, unknown>>;
}

export const table = [...commands.values()];
export function byName(name: string): CommandRecord {
  const found = table.find(command => command.name === name);
  if (!found) throw new RangeError(name);
  return found;
}

export const sessionHandle = (session: TwinSession): Both<number> => [session.sides[0].handle, session.sides[1].handle];
export const kindOf = (session: TwinSession): ClientSession['kind'] => session.sides[0].kind;
