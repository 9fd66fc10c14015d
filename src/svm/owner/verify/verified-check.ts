import type { EsmBlob, EsmPrivateKey, EsmPublicKey, LockboxRule, MeasurementRule } from '../../format/index.ts';
import type { Measured } from '../measure.ts';

/** The firmware of a host, as far as it matters to a blob. A profile of the Ultravisor is one. */
export interface FirmwareRules extends MeasurementRule {
  readonly name: string;
  readonly lockbox: LockboxRule;
}

export interface VerifyInput {
  readonly blob: EsmBlob;
  /** Its bytes, to compare with those in the initrd. */
  readonly bytes: Uint8Array;
  /** The kernel is flat; the initrd may have a blob in front. */
  readonly measured: Required<Measured> & { readonly initrd: Uint8Array };
  /** Public half of the host's wrapping key. */
  readonly host?: EsmPublicKey;
  /** Its private half, when somebody has it: then nothing of the lockbox is taken on trust. */
  readonly hostKey?: EsmPrivateKey;
  /** What a lockbox holds: without it the digests cannot be read. */
  readonly symmetricKey?: Uint8Array;
  readonly profile: FirmwareRules;
}

/**
 * `holds`, `fails`; `ignored`: it fails, and this firmware goes on; `assumed`: only the host's TPM can tell; `unknown`: a key is
 * missing.
 */
export type Outcome = 'holds' | 'fails' | 'ignored' | 'assumed' | 'unknown';

export interface VerifiedCheck {
  /** The call of the guest that would find it. */
  readonly call: 'UV_ESM' | 'UV_ESMB_GET_FILE';
  /** As the Ultravisor's record of checks has it. */
  readonly check: string;
  readonly outcome: Outcome;
  readonly text: string;
}

/** A check that UV_ESM makes. */
export const inEsm = (check: string, outcome: Outcome, text: string): VerifiedCheck => ({ call: 'UV_ESM', check, outcome, text });
