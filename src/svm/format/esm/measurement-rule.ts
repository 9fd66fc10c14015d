import { digest, equal } from '../../../crypto/index.ts';

/**
 * What the published digests are of, in the order of the firmware: a mismatch is counted and the next is looked at
 * (docs/reference/pef.md#digests).
 */
export const MEASURED_ITEMS = ['rtas', 'kernel', 'initrd', 'bootargs'] as const;
/**
 * Beside these the files tree, where the firmware looks for a digest of it and the owner gave one
 * (docs/reference/decisions.md#limits-of-hardening).
 */
export type MeasuredItem = (typeof MEASURED_ITEMS)[number] | 'files';

/** What a firmware makes of a measurement. A firmware profile is one. */
export interface MeasurementRule {
  /** What a failed digest check does. */
  readonly digestMismatch: 'refused' | 'logged';
  /** Names of the checks that it leaves out. */
  readonly without: readonly string[];
}

export interface MeasuredOutcome {
  readonly item: MeasuredItem;
  /** The check, as the record of checks names it. */
  readonly check: `digest-${MeasuredItem}`;
  readonly same: boolean;
  /** SHA-512 of what is there, and what the owner measured. */
  readonly found: Uint8Array;
  readonly expected: Uint8Array;
}

/** Compares what lies in memory with the owner's digest of it. */
export function compareMeasured(item: MeasuredItem, bytes: Uint8Array, expected: Uint8Array): MeasuredOutcome {
  const found = digest('sha512', bytes);
  return { item, check: `digest-${item}`, same: equal(found, expected), found, expected };
}

/** Of the owner's digest of the files tree, what this firmware compares; null: it looks for none. */
export const filesDigest = (files: Uint8Array | undefined, { without }: MeasurementRule): Uint8Array | null | undefined =>
  without.includes('digest-files' satisfies MeasuredOutcome['check']) ? null : files;

/** Mismatches that count: those of checks that the firmware makes. */
export const mismatches = <T extends Pick<MeasuredOutcome, 'same' | 'check'>>(outcomes: readonly T[], { without }: MeasurementRule): T[] =>
  outcomes.filter(({ same, check }) => !same && !without.includes(check));

/** Whether the firmware refuses the guest for what was measured. */
export const refusesMeasured = (outcomes: readonly Pick<MeasuredOutcome, 'same' | 'check'>[], rule: MeasurementRule): boolean =>
  rule.digestMismatch === 'refused' && mismatches(outcomes, rule).length > 0;
