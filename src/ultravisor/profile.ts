/** Every check of the Ultravisor that refuses something, by name: a profile without one is a mutant of the firmware. */
export const CHECKS = {
  'wrapping-key-name': "the TPM's key has the Name that firmware handed over (pef.md e.6)",
  'response-hmac': 'the HMAC of the RSA_Decrypt response (pef.md e.6.5)',
  'lockbox-key-size': 'the unwrapped key is 16, 24 or 32 bytes (pef.md e.6.7)',
  'digests-tag': 'the GCM tag of the digests tree (pef.md e.7.2)',
  'digest-rtas': 'SHA-512 of the RTAS code (pef.md e.7.3)',
  'digest-kernel': 'SHA-512 of the kernel',
  'digest-initrd': 'SHA-512 of the initrd behind the blob',
  'digest-bootargs': 'SHA-512 of the command line',
  'file-tag': 'the GCM tag of an attachment (pef.md g.4)',
  'page-tag': 'the GCM tag of a page that comes back (pef.md h)',
  'page-in-secure': 'UV_PAGE_IN of a secure frame of a secure VM (pef.md a.4 row 0)',
  'page-in-requested': 'before the VM is secure, UV_PAGE_IN only of the frame that the Ultravisor asks for (threat 2)',
  'response-size': 'H_TPM_COMM answers at most 4096 bytes (pef.md c.1)',
  'device-tree-names': 'the device tree has no node or property that a guest of this machine does not have (threat 6)',
  cookie: 'UV_RETURN carries the cookie of a call that waits (pef.md b.5)',
  'get-file-owner': 'one process reads a file, forward only (pef.md g.3)',
} as const;
export type CheckName = keyof typeof CHECKS;

/** How a firmware behaves. Handlers ask for a field, never for the profile's name. */
export interface Profile {
  readonly name: string;
  readonly about: string;
  /**
   * `host boot`: one salted policy session, set up by firmware, its context loaded for each unwrap. `each unwrap`: a new
   * session for each, as the published code; `salted` says whether to the restricted parent.
   */
  readonly session: 'host boot' | 'each unwrap';
  readonly sessionSalted: boolean;
  /** open-power/ultravisor svm/svm-esmb.c svm_esmb_lockbox_get reads `lockbox-1` alone; svm-tools README.ESM: by fingerprint. */
  readonly lockbox: 'by fingerprint' | 'first only';
  /** A failed digest check refuses the VM, or is only logged (include/config.h ESM_BLOB_CHK_WARN_ONLY). */
  readonly digestMismatch: 'refused' | 'logged';
  /** What the guest finds in r3 after a failed transition: the document's code, or what the hypervisor's abort gave it. */
  readonly esmFailure: 'ultravisor code' | 'hypervisor code';
  /** A VM that is secure already: documented U_SUCCESS, in the code U_RETRY. */
  readonly esmWhenSecure: 'U_SUCCESS' | 'U_RETRY';
  /** First and second argument 0: documented U_PARAMETER and U_P2, in the code U_P2 and U_P3. */
  readonly esmZeroArguments: 'U_PARAMETER, U_P2' | 'U_P2, U_P3';
  /** Calls that run in a context of their own (share, unshare): R3 is written, or still holds the number. */
  readonly shareResult: 'written' | 'unchanged';
  /** S=1 calls from a VM that is not secure: documented U_INVALID, in the code U_PERMISSION. */
  readonly notSecure: 'U_INVALID' | 'U_PERMISSION';
  /** UV_PAGE_OUT of a shared frame: documented U_SUCCESS, in the code U_PARAMETER. */
  readonly pageOutShared: 'U_SUCCESS' | 'U_PARAMETER';
  /** UV_PAGE_INVAL of a gpa in no slot: documented U_P2, in the code U_P3. */
  readonly pageInvalBadGpa: 'U_P2' | 'U_P3';
  /** UV_SVM_TERMINATE of an unknown lpid: documented U_PARAMETER, in the code U_SUCCESS. */
  readonly terminateUnknown: 'U_PARAMETER' | 'U_SUCCESS';
  /** H_RANDOM: documented answered by the Ultravisor, in the code H_FUNCTION. */
  readonly random: 'answered' | 'H_FUNCTION';
  /**
   * `reserved`: all of a slot when it is registered, and a page that went out keeps its place (core/svm_host.c). `on demand`: when a frame is
   * first used; when it is scarce the least recently used page goes out (the document's use of H_SVM_PAGE_OUT).
   */
  readonly secureMemory: 'reserved' | 'on demand';
  /** The rest of a page that was fetched for a measured range: kept as the hypervisor gave it, or zeroed (threat 3). */
  readonly unmeasuredBytes: 'kept' | 'zeroed';
  /** The device tree is taken as it comes, or only with nodes and properties of a list (threat 6): its values are not measured either way. */
  readonly deviceTree: 'any' | 'listed names';
  /** The selection of PCRs in policy branch B (pef.md d.3): PCR 16 can be reset by software (threat 20), PCR 6 cannot. */
  readonly policyPcr: 6 | 16;
  /** Firmware extends the PCR of branch B before the host starts: from then on branch B is closed until the next reset. */
  readonly closePolicyB: boolean;
  /** Checks that are left out. Empty in every real profile. */
  readonly without: readonly CheckName[];
}

/** What the published code does, but for strict digest checks. */
export const published = {
  name: 'published',
  about: 'what the published open-power code does, with strict digest checks',
  session: 'each unwrap',
  sessionSalted: false,
  lockbox: 'first only',
  digestMismatch: 'refused',
  esmFailure: 'hypervisor code',
  esmWhenSecure: 'U_RETRY',
  esmZeroArguments: 'U_P2, U_P3',
  shareResult: 'unchanged',
  notSecure: 'U_PERMISSION',
  pageOutShared: 'U_PARAMETER',
  pageInvalBadGpa: 'U_P3',
  terminateUnknown: 'U_SUCCESS',
  random: 'H_FUNCTION',
  secureMemory: 'reserved',
  unmeasuredBytes: 'kept',
  deviceTree: 'any',
  policyPcr: 16,
  closePolicyB: false,
  without: ['page-in-requested'], // a check that only `hardened` makes
} as const satisfies Profile;

/** The documents' promises on top of the published code. */
export const documented = {
  ...published,
  name: 'documented',
  about: 'the published code with the session, the lockbox choice and the return codes that the documents promise',
  session: 'host boot', // QEMU docs/specs/ppc-spapr-uv-hcalls.txt: "set up in advance at host boot"
  sessionSalted: true,
  lockbox: 'by fingerprint', // svm-tools README.ESM
  esmFailure: 'ultravisor code',
  esmWhenSecure: 'U_SUCCESS',
  esmZeroArguments: 'U_PARAMETER, U_P2',
  shareResult: 'written',
  notSecure: 'U_INVALID',
  pageOutShared: 'U_SUCCESS',
  pageInvalBadGpa: 'U_P2',
  terminateUnknown: 'U_PARAMETER',
  random: 'answered',
  secureMemory: 'on demand',
} as const satisfies Profile;

/** The published code with a fix for each weakness that the real formats allow to close (pef.md i). */
export const hardened = {
  ...published,
  name: 'hardened',
  about: 'the published code with a named fix for each weakness that can be closed within the real formats',
  sessionSalted: true, // 13: a recorded unwrap stays closed even when the password becomes known
  lockbox: 'by fingerprint', // 12: a revoked or foreign lockbox-1 does not matter
  random: 'answered', // 25: the guest needs no random numbers of the hypervisor
  unmeasuredBytes: 'zeroed', // 3
  deviceTree: 'listed names', // 6, as far as names go
  policyPcr: 6, // 20: PCR 6 cannot be reset by software
  closePolicyB: true, // 20
  without: [], // 2: no page comes in that was not asked for
} as const satisfies Profile;

export const profiles: Readonly<Record<string, Profile>> = { documented, published, hardened };
export const profileNames: readonly string[] = Object.keys(profiles);
export const DEFAULT_PROFILE = 'documented';
