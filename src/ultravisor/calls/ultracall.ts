import type { Vcpu } from '../../hcall/index.ts';
import {
  type Condition as AnyCondition,
  type Named,
  type OnlyWhere,
  type RegisterUses,
  type Returns,
  tableOf,
  type UltracallSignature,
  type UName,
} from '../../spec/index.ts';
import { type Profile, profiles } from '../core/profile.ts';
import type { FieldName, ProfileFields } from '../core/profile-fields.ts';
import type { UltracallResult } from '../core/ultracall-result.ts';
import type { Ultravisor } from '../core/ultravisor.ts';

/** A field of the profiles with a value that it can have. */
type Where = { readonly [F in FieldName]: OnlyWhere<F, ProfileFields[F]> }[FieldName];
type Condition = AnyCondition<Where>;

/** An ultracall with what the firmware does at it. */
export interface Ultracall<I extends RegisterUses = RegisterUses, O extends RegisterUses = RegisterUses>
  extends UltracallSignature<I, O, Returns<Where>> {
  handle(uv: Ultravisor, input: Named<I>, vcpu: Vcpu): UltracallResult<O> | Promise<UltracallResult<O>>;
}

// The table holds calls of any registers; `ultracall` checks each handler against its own signature.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyUltracall = Ultracall<any, any>;

/** Attaches the handler; a signature whose conditions ask for a field or value that no profile has does not compile. */
export const ultracall = <I extends RegisterUses, O extends RegisterUses>(
  signature: UltracallSignature<I, O, Returns<Where>>,
  handle: Ultracall<I, O>['handle'],
): Ultracall<I, O> => ({ ...signature, handle });

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
