import type { Codec, Fields } from '../../bytes/index.ts';
import { commands, type HandleUse } from '../../tpm/index.ts';

/** What the inspector needs of a TPM command's declaration. */
export interface DeclaredCommand {
  readonly code: number;
  readonly name: string;
  readonly spec: string;
  readonly handles: Readonly<Record<string, Codec<number>>>;
  readonly params: Fields;
  /** Name of the handle in the response. */
  readonly returnsHandle: string | undefined;
  readonly returns: Fields;
}

/** The declaration of a command, if the TPM has it. */
export function declaredCommand(code: number): DeclaredCommand | undefined {
  const found = commands.get(code);
  if (!found) return undefined;
  const { name, spec, params, returns, returnsHandle } = found;
  const handles = Object.fromEntries(Object.entries<HandleUse>(found.handles).map(([handle, { type }]) => [handle, type]));
  return { code, name, spec, handles, params, returns, returnsHandle };
}
