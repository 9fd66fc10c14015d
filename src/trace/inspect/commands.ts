import type { AnyCodec, Codec, Fields } from '../../bytes/index.ts';
import { commands } from '../../tpmx/table.ts';

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

/** The declarations come from the TPM; this is the only place that knows from where. */
interface Declaration {
  readonly code: number;
  readonly name: string;
  readonly spec: string;
  readonly handles: Readonly<Record<string, { readonly codec?: AnyCodec; readonly type?: AnyCodec }>>;
  readonly params: Fields;
  readonly returns: Fields;
  readonly responseHandle?: unknown;
  readonly returnsHandle?: unknown;
}

/** The declaration of a command, if the TPM has it. */
export function declaredCommand(code: number): DeclaredCommand | undefined {
  const found = commands.get(code) as Declaration | undefined;
  if (!found) return undefined;
  const { name, spec, params, returns, responseHandle, returnsHandle } = found;
  const handles = Object.entries(found.handles).flatMap(([handle, { codec, type }]) => {
    const of = type ?? codec;
    return of ? [[handle, of] as const] : [];
  });
  return {
    code,
    name,
    spec,
    handles: Object.fromEntries(handles),
    params,
    returns,
    returnsHandle: typeof returnsHandle === 'string' ? returnsHandle : responseHandle ? 'handle' : undefined,
  };
}
