import type { OpenedDisk } from '../../svm/guest/index.ts';

/** How a step came out, as plain data: expectations look at it, and later steps may use it. */
export interface StepOutcome {
  readonly result: StepResult;
  /** The guest's state afterwards. */
  readonly state?: string;
  /** What was read. */
  readonly bytes?: Uint8Array;
  /** How the host's wrapping key compares with the one it had before. */
  readonly wrappingKey?: KeyChange;
  /** r0..r31 behind a call. */
  readonly registers?: readonly bigint[];
  /** What came of unlocking a disk. */
  readonly disk?: OpenedDisk;
  /** Names of the TPM's response codes, one for each command that was sent. */
  readonly responses?: readonly string[];
  /** Steps within the step. */
  readonly inner?: readonly InnerStep[];
}

export interface InnerStep {
  readonly name: string;
  readonly ok: boolean;
  /** What happened, or why it did not come out as expected. */
  readonly text: string;
}

export interface KeyChange {
  /** The TPM's Name of the key. */
  readonly name: 'first' | 'same' | 'new';
  readonly password: 'first' | 'same' | 'new';
}

export type StepResult =
  | { readonly kind: 'ok' }
  /** UV_ESM does not return when it succeeds: the kernel starts again, as a Secure VM. */
  | { readonly kind: 'secure'; readonly pc: bigint }
  | { readonly kind: 'code'; readonly r3: bigint; readonly r3Name?: string }
  /** Refused before any call was made: in words. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'never'; readonly how: string; readonly scope: 'guest' | 'host' };

export const OK: StepResult = { kind: 'ok' };

/** Of a call that did not do what it was asked for: it never came back, or with a code in r3. */
export function withoutSuccess(
  outcome: { readonly never: string; readonly scope: 'guest' | 'host' } | { readonly r3: bigint; readonly r3Name?: string },
): StepResult {
  if ('never' in outcome) return { kind: 'never', how: outcome.never, scope: outcome.scope };
  return { kind: 'code', r3: outcome.r3, ...(outcome.r3Name ? { r3Name: outcome.r3Name } : {}) };
}
