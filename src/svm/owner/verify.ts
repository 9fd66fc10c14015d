import type { Profile } from '../../ultravisor/index.ts';
import type { EsmBlob, EsmPrivateKey, EsmPublicKey } from '../format/index.ts';
import type { Measured } from './digests.ts';
import { checkDigests } from './verify-digests.ts';
import { checkFiles, checkFilesTree } from './verify-files.ts';
import { checkInitrdBlob, initrdBehindBlob } from './verify-initrd.ts';
import { checkLockbox } from './verify-lockbox.ts';

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
  readonly profile: Profile;
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

/** What a host would make of a blob, check by check. */
export interface Verification {
  readonly profile: string;
  /** In the Ultravisor's order. It would stop at the first that fails; the others are looked at all the same. */
  readonly checks: readonly VerifiedCheck[];
  /** Where it would stop. */
  readonly stops?: VerifiedCheck;
  /** Something could not be looked at, for want of a key. */
  readonly undecided: boolean;
}

/** Looks at a blob as the Ultravisor of a host would, without running one. */
export function verifyBlob(input: VerifyInput): Verification {
  const initrd = initrdBehindBlob(input);
  const checks = [
    checkInitrdBlob(input, initrd),
    ...checkLockbox(input),
    checkFilesTree(input),
    ...checkDigests(input, initrd),
    ...checkFiles(input),
  ];
  const stops = checks.find(({ outcome }) => outcome === 'fails');
  const undecided = checks.some(({ outcome }) => outcome === 'unknown');
  return { profile: input.profile.name, checks, ...(stops ? { stops } : {}), undecided };
}
