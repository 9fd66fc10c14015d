import { type Named, type RegisterUses, tableOf, type Vcpu } from '../hcall/index.ts';
import type { UName } from './codes.ts';
import type { Ultravisor } from './ultravisor.ts';

/**
 * Who may call, by the caller's MSR (pef.md b.1). `hypervisor`: HV=1, PR=0. `svm kernel`: S=1, HV=0, PR=0.
 * `guest kernel`: HV=0, PR=0. `anyone`: no test, user space too.
 */
export type Caller = 'hypervisor' | 'svm kernel' | 'guest kernel' | 'anyone';

export type UltracallResult<O extends RegisterUses> =
  /** `count`: r3 is a number of bytes or a code of libfdt, no U_* code. `byDispatch`: the caller may not; every call has that. */
  | { readonly r3: number | bigint; readonly out?: Partial<Named<O>>; readonly count?: boolean; readonly byDispatch?: true }
  /** r3 is left as it was: it still holds the number of the call. */
  | 'r3 unchanged'
  /** The vCPU goes on elsewhere, with registers that the handler has set. */
  | 'goes on elsewhere';

export interface Ultracall<I extends RegisterUses = RegisterUses, O extends RegisterUses = RegisterUses> {
  readonly number: number;
  readonly name: string;
  readonly caller: Caller;
  readonly source: string;
  readonly about: string;
  readonly in: I;
  readonly out: O;
  /** Every code it gives in any profile, and when. U_PERMISSION for a wrong caller is dispatch's. */
  readonly returns: Readonly<Partial<Record<UName, string>>>;
  handle(uv: Ultravisor, input: Named<I>, vcpu: Vcpu): UltracallResult<O> | Promise<UltracallResult<O>>;
}

// The table holds calls of any registers; `ultracall` checks each record against its own.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyUltracall = Ultracall<any, any>;

export const ultracall = <const I extends RegisterUses, const O extends RegisterUses>(record: Ultracall<I, O>): Ultracall<I, O> => record;

export const ultracallTable = (calls: Readonly<Record<string, AnyUltracall>>): ReadonlyMap<number, AnyUltracall> =>
  tableOf<AnyUltracall>(calls);
