import { checkFiles, checkFilesTree } from './attachments.ts';
import { checkDigests } from './digests.ts';
import { checkInitrdBlob, initrdBehindBlob } from './initrd.ts';
import { checkLockbox } from './lockbox.ts';
import type { VerifiedCheck, VerifyInput } from './verified-check.ts';

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
  // Firmware that only warns goes on after any of them (profile field digestMismatch).
  const stops = input.profile.digestMismatch === 'refused' ? checks.find(({ outcome }) => outcome === 'fails') : undefined;
  const undecided = checks.some(({ outcome }) => outcome === 'unknown');
  return { profile: input.profile.name, checks, ...(stops ? { stops } : {}), undecided };
}
