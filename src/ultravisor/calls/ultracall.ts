import { type Named, type RegisterUses, tableOf, type Vcpu } from '../../hcall/index.ts';
import type { UName } from '../core/codes.ts';
import { type Profile, profiles } from '../core/profile.ts';
import type { FieldName, ProfileFields } from '../core/profile-fields.ts';
import type { UltracallResult } from '../core/ultracall-result.ts';
import type { Ultravisor } from '../core/ultravisor.ts';

/**
 * Who may call, by the caller's MSR (pef.md b.1). `hypervisor`: HV=1, PR=0. `svm kernel`: S=1, HV=0, PR=0.
 * `guest kernel`: HV=0, PR=0. `anyone`: no test, user space too.
 */
export type Caller = 'hypervisor' | 'svm kernel' | 'guest kernel' | 'anyone';

/** When a code is given: in every profile, or only where a field has a value. */
export type Condition = string | { readonly [F in FieldName]: OnlyWhere<F> }[FieldName];
interface OnlyWhere<F extends FieldName> {
  readonly when: string;
  readonly field: F;
  readonly is: ProfileFields[F];
}
/** A condition of profiles in which a field has this value. */
export const where = <F extends FieldName>(field: F, is: ProfileFields[F], when: string): OnlyWhere<F> => ({ when, field, is });

export interface Ultracall<I extends RegisterUses = RegisterUses, O extends RegisterUses = RegisterUses> {
  readonly number: number;
  readonly name: string;
  readonly caller: Caller;
  readonly source: string;
  readonly about: string;
  readonly in: I;
  readonly out: O;
  /** Every code it gives, and when. U_PERMISSION for a wrong caller, and U_BAD_MODE, are dispatch's. */
  readonly returns: Readonly<Partial<Record<UName, Condition | readonly Condition[]>>>;
  handle(uv: Ultravisor, input: Named<I>, vcpu: Vcpu): UltracallResult<O> | Promise<UltracallResult<O>>;
}

// The table holds calls of any registers; `ultracall` checks each record against its own.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyUltracall = Ultracall<any, any>;

export const ultracall = <const I extends RegisterUses, const O extends RegisterUses>(record: Ultracall<I, O>): Ultracall<I, O> => record;

export const ultracallTable = (calls: Readonly<Record<string, AnyUltracall>>): ReadonlyMap<number, AnyUltracall> =>
  tableOf<AnyUltracall>(calls);

const listed = (given: Condition | readonly Condition[] | undefined): readonly Condition[] =>
  given === undefined ? [] : Array.isArray(given) ? given : [given as Condition];

/** When a call gives a code, each reason with the profiles that it belongs to. */
export function conditionsOf(call: AnyUltracall, code: string): readonly { readonly when: string; readonly profiles: readonly string[] }[] {
  return listed(call.returns[code as UName]).map(condition => ({
    when: typeof condition === 'string' ? condition : condition.when,
    profiles: Object.values(profiles).flatMap(profile => (holds(condition, profile) ? [profile.name] : [])),
  }));
}

/** The same as one text; undefined: the call does not give the code. */
export function whenGiven(call: AnyUltracall | undefined, code: string): string | undefined {
  const all = Object.keys(profiles).length;
  const texts = call
    ? conditionsOf(call, code).map(({ when, profiles }) => (profiles.length === all ? when : `${when} (${profiles.join(', ')})`))
    : [];
  return texts.length > 0 ? texts.join('; ') : undefined;
}

const holds = (condition: Condition, profile: Profile): boolean =>
  typeof condition === 'string' || profile[condition.field] === condition.is;

/** Whether a call may give a code in a profile. */
export const declares = (call: AnyUltracall, code: UName, profile: Profile): boolean =>
  listed(call.returns[code]).some(condition => holds(condition, profile));
