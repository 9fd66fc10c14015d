import type { RegisterUses } from './registers.ts';
import type { UName } from './ultracall-codes.ts';

/**
 * Who may call, by the caller's MSR (docs/reference/pef.md#ultracall-convention). `hypervisor`: HV=1, PR=0. `svm kernel`: S=1, HV=0, PR=0.
 * `guest kernel`: HV=0, PR=0. `anyone`: no test, user space too.
 */
export type Caller = 'hypervisor' | 'svm kernel' | 'guest kernel' | 'anyone';

/** A code that only firmware gives in which a field of its profile has this value. */
export interface OnlyWhere<F extends string = string, V = unknown> {
  readonly when: string;
  readonly field: F;
  readonly is: V;
}
/** When a code is given: by every firmware, or only where a field of the profile has a value. */
export type Condition<W extends OnlyWhere = OnlyWhere> = string | W;

/** Which fields and values there are is the Ultravisor's to say: it checks them where it attaches the handler. */
export const where = <const F extends string, const V>(field: F, is: V, when: string): OnlyWhere<F, V> => ({ when, field, is });

export type Returns<W extends OnlyWhere = OnlyWhere> = Readonly<Partial<Record<UName, Condition<W> | readonly Condition<W>[]>>>;

/** What is fixed of an ultracall, whoever makes or answers it. */
export interface UltracallSignature<
  I extends RegisterUses = RegisterUses,
  O extends RegisterUses = RegisterUses,
  R extends Returns = Returns,
> {
  readonly number: number;
  readonly name: string;
  readonly caller: Caller;
  readonly source: string;
  readonly about: string;
  readonly in: I;
  readonly out: O;
  /** Every code it gives, and when. U_PERMISSION for a wrong caller, and U_BAD_MODE, are dispatch's. */
  readonly returns: R;
}

export const ultracall = <const I extends RegisterUses, const O extends RegisterUses, const R extends Returns>(
  signature: UltracallSignature<I, O, R>,
): UltracallSignature<I, O, R> => signature;
