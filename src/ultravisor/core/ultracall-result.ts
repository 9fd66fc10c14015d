import type { Named, RegisterUses } from '../../spec/index.ts';

/** How an ultracall ends. */
export type UltracallResult<O extends RegisterUses> =
  /** `count`: r3 is a number of bytes or a code of libfdt, no U_* code. `byDispatch`: the caller may not; every call has that. */
  | { readonly r3: number | bigint; readonly out?: Partial<Named<O>>; readonly count?: boolean; readonly byDispatch?: true }
  /** r3 is left as it was: it still holds the number of the call. */
  | 'r3 unchanged'
  /** The vCPU goes on elsewhere, with registers that the handler has set. */
  | 'goes on elsewhere';
