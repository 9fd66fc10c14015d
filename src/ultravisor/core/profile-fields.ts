import type { LockboxRule, MeasurementRule } from '../../svm/format/index.ts';
import type { PolicyPcr } from '../../svm/wrapping-key/index.ts';

/** The values that the fields of a profile can have. What they mean, and why a profile has which, stands in {@link FIELDS}. */
export interface ProfileFields {
  readonly session: 'host boot' | 'each unwrap';
  readonly sessionSalted: boolean;
  readonly unwrapsAtOnce: 'one' | 'any number';
  readonly lockbox: LockboxRule;
  readonly digestMismatch: MeasurementRule['digestMismatch'];
  readonly esmFailure: 'ultravisor code' | 'hypervisor code';
  readonly esmWhenSecure: 'U_SUCCESS' | 'U_RETRY';
  readonly esmZeroArguments: 'U_PARAMETER, U_P2' | 'U_P2, U_P3';
  readonly shareResult: 'written' | 'unchanged';
  readonly notSecure: 'U_INVALID' | 'U_PERMISSION';
  readonly pageOutShared: 'U_SUCCESS' | 'U_PARAMETER';
  readonly pageInvalBadGpa: 'U_P2' | 'U_P3';
  readonly terminateUnknown: 'U_PARAMETER' | 'U_SUCCESS';
  readonly random: 'answered' | 'H_FUNCTION';
  readonly assertions: 'stop the machine' | 'refused';
  readonly secureMemory: 'reserved' | 'on demand';
  readonly unmeasuredBytes: 'kept' | 'zeroed';
  readonly ownPages: 'beside what is reserved' | 'beside what is in use';
  readonly pagedOutFrames: 'forgotten' | 'kept';
  readonly deviceTree: 'any' | 'listed names';
  readonly policyPcr: PolicyPcr;
  readonly closePolicyB: boolean;
}
export type FieldName = keyof ProfileFields;

/** A value with its reason and where that can be read. */
interface Said<V> {
  readonly is: V;
  readonly why: string;
  readonly source: string;
}

/** A field of the profiles: `documented` and `hardened` have the published value unless they say otherwise. */
export interface Field<V = ProfileFields[FieldName]> {
  /** What it decides. */
  readonly about: string;
  /** Calls whose behaviour it decides; none: host boot alone. */
  readonly calls: readonly string[];
  readonly published: Said<V>;
  readonly documented?: Said<V>;
  readonly hardened?: Said<V>;
  readonly 'published-as-built'?: Said<V>;
}

const UVCALL = 'open-power/ultravisor core/uvcall.c';
const SVM_HOST = 'open-power/ultravisor core/svm_host.c';
const DOCUMENT = 'open-power/ultravisor doc/ultravisor.rst';
const SHARING = ['UV_SHARE_PAGE', 'UV_UNSHARE_PAGE', 'UV_UNSHARE_ALL_PAGES'] as const;

export const FIELDS: { readonly [F in FieldName]: Field<ProfileFields[F]> } = {
  session: {
    about: 'where the policy session of an unwrap comes from: set up once at host boot and loaded for each, or opened for each',
    calls: ['UV_ESM'],
    published: {
      is: 'each unwrap',
      why: 'the code opens a session, uses it and flushes it',
      source: 'open-power/ultravisor uv/tssuv.c UV_TSS_Decrypt',
    },
    documented: {
      is: 'host boot',
      why: 'the session is "set up in advance at host boot"',
      source: 'QEMU docs/specs/ppc-spapr-uv-hcalls.rst',
    },
  },
  sessionSalted: {
    about: "whether the session has a key of its own, from a salt that only the TPM's restricted parent decrypts",
    calls: ['UV_ESM'],
    published: {
      is: false,
      why: 'neither salt nor bind: all rests on the password',
      source: 'open-power/ultravisor uv/tssuv.c; docs/reference/pef.md#session-of-the-unwrap',
    },
    documented: {
      is: true,
      why: 'a session that lives until the next boot needs a key that the wire does not show',
      source: 'docs/reference/decisions.md#session-at-host-boot',
    },
    hardened: {
      is: true,
      why: 'threat 13: a recorded unwrap stays closed when the password becomes known',
      source: 'TPM 2.0 Part 1 §19.6.8',
    },
  },
  unwrapsAtOnce: {
    about: 'how many SVMs of one host talk to the TPM at the same time',
    calls: ['UV_ESM'],
    published: {
      is: 'any number',
      why: 'the only lock is on the bounce page of one SVM; the TPM has 64 sessions',
      source: 'open-power/ultravisor svm/svm-tss.c tss_gpa_lock',
    },
    documented: { is: 'one', why: 'there is one session for all', source: 'QEMU docs/specs/ppc-spapr-uv-hcalls.rst' },
    hardened: {
      is: 'one',
      why: 'SVMs that start together must not fail for want of sessions (TPM_RC_SESSION_HANDLES, 0x905)',
      source: 'TPM 2.0 Part 2 §6.6.3',
    },
  },
  lockbox: {
    about: 'which lockbox of the blob is tried',
    calls: ['UV_ESM'],
    published: {
      is: 'first only',
      why: 'the node lockbox-1, and no other',
      source: 'open-power/ultravisor svm/svm-esmb.c svm_esmb_lockbox_get',
    },
    documented: { is: 'by fingerprint', why: 'the one whose fingerprint is that of the wrapping key', source: 'svm-tools docs/README.ESM' },
    hardened: {
      is: 'by fingerprint',
      why: 'threat 12: a revoked or foreign lockbox-1 does not matter',
      source: 'svm-tools docs/README.ESM',
    },
  },
  digestMismatch: {
    about: 'what a failed check of the blob does: RTAS, initrd, blob, lockbox, TPM or digests',
    calls: ['UV_ESM'],
    published: {
      is: 'refused',
      why: 'without ESM_BLOB_CHK_WARN_ONLY the VM is refused',
      source: `${UVCALL} uv_esm_svm`,
    },
    'published-as-built': {
      is: 'logged',
      why: 'include/config.h defines ESM_BLOB_CHK_WARN_ONLY: after any such failure all pages are brought in and the VM goes secure (threat 27)',
      source: 'open-power/ultravisor include/config.h; core/uvcall.c uv_esm_svm',
    },
  },
  esmFailure: {
    about: 'what the guest finds in r3 after a failed transition',
    calls: ['UV_ESM'],
    published: {
      is: 'hypervisor code',
      why: 'H_SVM_INIT_ABORT goes to the hypervisor, which resumes the guest with H_PARAMETER',
      source: `${UVCALL} fixup_uv_esm_excp_frame`,
    },
    documented: { is: 'ultravisor code', why: 'each failure has its code', source: `${DOCUMENT} UV_ESM` },
  },
  esmWhenSecure: {
    about: 'UV_ESM of a VM that is secure already',
    calls: ['UV_ESM'],
    published: { is: 'U_RETRY', why: 'a record of the lpid exists', source: `${UVCALL} syscall_ultracall_esm_svm` },
    documented: { is: 'U_SUCCESS', why: 'nothing is left to do', source: `${DOCUMENT} UV_ESM` },
  },
  esmZeroArguments: {
    about: 'UV_ESM whose first, or second, argument is 0',
    calls: ['UV_ESM'],
    published: { is: 'U_P2, U_P3', why: 'as the code has them', source: `${UVCALL} syscall_ultracall_esm_svm` },
    documented: {
      is: 'U_PARAMETER, U_P2',
      why: 'the first argument is not valid; the device tree is not valid',
      source: `${DOCUMENT} UV_ESM`,
    },
  },
  shareResult: {
    about: 'what r3 holds after a call that shares or unshares',
    calls: SHARING,
    published: {
      is: 'unchanged',
      why: 'the guest is resumed from the saved frame: r3 still holds the number of the call',
      source: `${UVCALL} uv_switch_page, core/context.c ctx_end_context`,
    },
    documented: { is: 'written', why: 'a return code is promised', source: `${DOCUMENT} UV_SHARE_PAGE` },
  },
  notSecure: {
    about: 'a call that only an SVM may make, from a VM that is not secure',
    calls: SHARING,
    published: { is: 'U_PERMISSION', why: 'as for every wrong caller', source: `${UVCALL} syscall_ultracall` },
    documented: { is: 'U_INVALID', why: 'the VM is not secure; the code has no number for it', source: `${DOCUMENT} UV_SHARE_PAGE` },
  },
  pageOutShared: {
    about: 'UV_PAGE_OUT of a shared frame',
    calls: ['UV_PAGE_OUT'],
    published: { is: 'U_PARAMETER', why: 'the frame is not secure', source: `${SVM_HOST} handle_page_out` },
    documented: { is: 'U_SUCCESS', why: 'the hypervisor has the page already', source: `${DOCUMENT} UV_PAGE_OUT` },
  },
  pageInvalBadGpa: {
    about: 'UV_PAGE_INVAL of an address in no memory slot',
    calls: ['UV_PAGE_INVAL'],
    published: { is: 'U_P3', why: 'as the other page calls', source: `${SVM_HOST} handle_page_inval` },
    documented: { is: 'U_P2', why: 'the second argument is not valid', source: `${DOCUMENT} UV_PAGE_INVAL` },
  },
  terminateUnknown: {
    about: 'UV_SVM_TERMINATE of an lpid without an SVM',
    calls: ['UV_SVM_TERMINATE'],
    published: { is: 'U_SUCCESS', why: 'there is nothing to do', source: `${UVCALL} uv_svm_terminate` },
    documented: { is: 'U_PARAMETER', why: 'the lpid is not valid', source: `${DOCUMENT} UV_SVM_TERMINATE` },
  },
  random: {
    about: 'H_RANDOM of an SVM, which never reaches the hypervisor',
    calls: ['H_RANDOM'],
    published: { is: 'H_FUNCTION', why: 'the local generator is a to-do', source: 'open-power/ultravisor core/hvcall.c syscall_hypercall' },
    documented: { is: 'answered', why: 'the Ultravisor answers it itself', source: DOCUMENT },
    hardened: {
      is: 'answered',
      why: "threat 25: a guest must have random numbers that are not of the hypervisor's choosing",
      source: 'open-power/ultravisor uv/uv-crypto.c has an HMAC-DRBG',
    },
  },
  assertions: {
    about:
      'what happens where an SVM or the hypervisor does what the code asserts against: an unknown hypercall, an offset or a length too large, a bad cookie',
    calls: ['UV_RETURN', 'UV_ESMB_GET_FILE', 'UV_ESM', 'H_TPM_COMM'],
    published: {
      is: 'stop the machine',
      why: 'the code has assert() there',
      source: `${UVCALL} uv_return, get_file_data; core/hcall-regs.c; svm/svm-tss.c`,
    },
    hardened: { is: 'refused', why: 'threats 18 and 31: one guest must not stop the others', source: 'this project' },
  },
  secureMemory: {
    about: 'when a frame gets its page of secure memory',
    calls: ['UV_REGISTER_MEM_SLOT', 'UV_PAGE_IN', 'UV_PAGE_OUT', 'H_SVM_PAGE_OUT'],
    published: {
      is: 'reserved',
      why: 'all of a slot when it is registered; a page that went out keeps its place',
      source: `${SVM_HOST} populate_memslot_secure_pages`,
    },
    documented: {
      is: 'on demand',
      why: 'the Ultravisor calls H_SVM_PAGE_OUT when it is low on memory: the least recently used page goes',
      source: `${DOCUMENT} H_SVM_PAGE_OUT`,
    },
  },
  unmeasuredBytes: {
    about: 'the rest of a page that was fetched for a measured range',
    calls: ['UV_ESM'],
    published: { is: 'kept', why: 'as the hypervisor gave it; a to-do in the code', source: 'open-power/ultravisor core/pagein_track.c' },
    hardened: { is: 'zeroed', why: 'threat 3: nobody vouches for it', source: 'this project' },
  },
  ownPages: {
    about: "what the Ultravisor's own pages in the guest keep clear of",
    calls: ['UV_ESM'],
    published: {
      is: 'beside what is reserved',
      why: 'the search looks at the memory reservation map only: not at kernel, initrd, blob or the tree',
      source: 'open-power/ultravisor svm/svm-fdt.c svm_fdt_rsv_addr_find',
    },
    hardened: {
      is: 'beside what is in use',
      why: 'threat 37: pages of the hypervisor must not come to lie on what is measured',
      source: 'this project',
    },
  },
  pagedOutFrames: {
    about: 'what becomes of the record of a paged-out frame that is unshared, or shared without coming in',
    calls: SHARING,
    published: {
      is: 'forgotten',
      why: 'all frames of the range are marked secure: the ciphertext is not taken any more, the frame stays unmapped',
      source: `${SVM_HOST} page_unshare_with_hv, revert_transient_pages_to_secure`,
    },
    documented: { is: 'kept', why: 'a page that is not shared stays as it is', source: `${DOCUMENT} UV_UNSHARE_PAGE` },
    hardened: { is: 'kept', why: 'the SVM would fault for ever', source: 'this project' },
  },
  deviceTree: {
    about: 'which nodes and properties the device tree may have; their values are not measured either way',
    calls: ['UV_ESM'],
    published: { is: 'any', why: 'only bootargs and the RTAS code are measured', source: 'open-power/ultravisor svm/svm-fdt.c' },
    hardened: { is: 'listed names', why: 'threat 6, as far as names go', source: 'this project' },
  },
  policyPcr: {
    about: "the PCR of branch B of the wrapping key's policy",
    calls: [],
    published: { is: 16, why: 'the variant that is compiled in; software can reset this PCR', source: 'skiboot libstb/tss2/opalcreate.c' },
    hardened: {
      is: 6,
      why: 'threat 20: software cannot reset it; the alternative in the same file',
      source: 'skiboot libstb/tss2/opalcreate.c',
    },
  },
  closePolicyB: {
    about: 'whether firmware extends that PCR before the hypervisor starts, so that branch B is closed until the next reset',
    calls: [],
    published: { is: false, why: 'nothing extends it', source: 'skiboot libstb/tss2/opalcreate.c' },
    hardened: { is: true, why: 'threat 20: host root must not give the key a password of its own', source: 'this project' },
  },
};
