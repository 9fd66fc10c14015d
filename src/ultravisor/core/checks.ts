/** A check of the Ultravisor that refuses something. */
interface Check {
  /** What is looked at. */
  readonly about: string;
  readonly source: string;
  /** Calls in which it is made. */
  readonly calls: readonly string[];
  /** Profiles that do not make it, and why. */
  readonly leftOut?: { readonly by: readonly ('documented' | 'published')[]; readonly why: string };
}

const ESM = ['UV_ESM'] as const;
const LOCKBOX = 'open-power/ultravisor uv/tssuv.c UV_TSS_Decrypt, tss/tss20.c';
const DIGEST = 'open-power/ultravisor svm/svm-esmb.c svm_esmb_digest_chk, svm/svm-crypto.c';
const PAGES = 'open-power/ultravisor core/svm_host.c';
const UVCALL = 'open-power/ultravisor core/uvcall.c';
const NOT_PUBLISHED = ['documented', 'published'] as const;

/** Every check of the Ultravisor that refuses something, by name: a profile without one is a mutant of the firmware. */
export const CHECKS = {
  'wrapping-key-name': {
    about: "the TPM's key has the Name that firmware handed over",
    source: `${LOCKBOX}; docs/reference/pef.md#the-unwrap`,
    calls: ESM,
  },
  'response-hmac': {
    about: 'the HMAC of the RSA_Decrypt response',
    source: `${LOCKBOX}; docs/reference/pef.md#hmac-of-the-answer`,
    calls: ESM,
  },
  'lockbox-key-size': {
    about: 'the unwrapped key is 16, 24 or 32 bytes',
    source: `${LOCKBOX}; docs/reference/pef.md#the-unwrapped-key`,
    calls: ESM,
  },
  'digests-tag': { about: 'the GCM tag of the digests tree', source: `${DIGEST}; docs/reference/pef.md#digests-tree`, calls: ESM },
  'digest-rtas': { about: 'SHA-512 of the RTAS code', source: `${DIGEST}; docs/reference/pef.md#digests`, calls: ESM },
  'digest-kernel': { about: 'SHA-512 of the kernel', source: `${DIGEST}; docs/reference/pef.md#digests`, calls: ESM },
  'digest-initrd': { about: 'SHA-512 of the initrd behind the blob', source: `${DIGEST}; docs/reference/pef.md#digests`, calls: ESM },
  'digest-bootargs': { about: 'SHA-512 of the command line', source: `${DIGEST}; docs/reference/pef.md#digests`, calls: ESM },
  'digest-files': {
    about: "SHA-512 of the files tree, where the owner's digests have one (threats 9 and 10)",
    source: 'this project: a property `files` beside the published ones in the encrypted digests tree',
    calls: ESM,
    leftOut: { by: NOT_PUBLISHED, why: 'no published digests tree has it, and no published firmware looks for it' },
  },
  'file-tag': {
    about: 'the GCM tag of an attachment',
    source: 'open-power/ultravisor svm/svm-esmb.c svm_esmb_file_get; docs/reference/pef.md#uv_esmb_get_file',
    calls: ['UV_ESMB_GET_FILE'],
  },
  'get-file-owner': {
    about: 'one process reads a file, forward only',
    source: `${UVCALL} uv_esmb_get_file; docs/reference/pef.md#uv_esmb_get_file`,
    calls: ['UV_ESMB_GET_FILE'],
  },
  'get-file-secure': {
    about: 'a file is given to an SVM that is secure, to none that is being made or was aborted (weakness 32)',
    source: `${UVCALL} uv_esmb_get_file looks for a record of the lpid, and not at its state`,
    calls: ['UV_ESMB_GET_FILE'],
    leftOut: { by: NOT_PUBLISHED, why: 'the published code has no such test; the document does not know the call' },
  },
  'page-tag': {
    about: 'the GCM tag of a page that comes back',
    source: `${PAGES}, core/page_encrypt.c; docs/reference/pef.md#page-out-encryption`,
    calls: ['UV_PAGE_IN'],
  },
  'page-in-secure': {
    about: 'UV_PAGE_IN of a secure frame of a secure VM',
    source: `${PAGES} handle_page_in; docs/reference/pef.md#page-states`,
    calls: ['UV_PAGE_IN'],
  },
  'page-in-requested': {
    about: 'before the VM is secure, UV_PAGE_IN only of the frame that the Ultravisor asks for (threat 2)',
    source: `${PAGES} handle_page_in copies into any frame until the VM is secure`,
    calls: ['UV_PAGE_IN'],
    leftOut: { by: NOT_PUBLISHED, why: 'the published code has no such test' },
  },
  'slot-once': {
    about: 'a memory slot of an SVM is registered once (weakness 35)',
    source: `${PAGES} memslot_overlap leaves the same id out, setup_page_range gives it new pages of zeros`,
    calls: ['UV_REGISTER_MEM_SLOT'],
    leftOut: { by: NOT_PUBLISHED, why: 'the published code has no such test' },
  },
  'response-size': {
    about: 'H_TPM_COMM answers at most 4096 bytes',
    source: 'open-power/ultravisor svm/svm-tss.c; docs/reference/pef.md#h_tpm_comm',
    calls: ['H_TPM_COMM', 'UV_ESM'],
  },
  'device-tree-names': {
    about: 'the device tree has no node or property that a guest of this machine does not have (threat 6)',
    source: 'this project; field deviceTree',
    calls: ESM,
  },
  'handover-node': {
    about: 'the tree of firmware has one node ibm,uv-tpm, below /ibm,uv-fdt',
    source: 'open-power/ultravisor uv/uv-crypto.c uv_crypto_wrap_key_init takes the first one that is compatible, at any depth',
    calls: [],
    leftOut: { by: NOT_PUBLISHED, why: 'the published code takes the first that it finds' },
  },
  'bounce-page': {
    about: 'the hypervisor shares the bounce page of the TPM when it is asked to (threat 36)',
    source: 'open-power/ultravisor svm/svm-tss.c svm_tss_fdt_upd_hdlr does not look at the result',
    calls: ESM,
    leftOut: { by: NOT_PUBLISHED, why: 'the published code notices only when it wants the page' },
  },
  'own-pages': {
    about: 'no bounce page lies in what was measured (threat 37)',
    source: 'open-power/ultravisor svm/svm-fdt.c svm_fdt_rsv_addr_find; field ownPages',
    calls: ESM,
    leftOut: { by: NOT_PUBLISHED, why: 'the published code has no such test' },
  },
  'files-tree-size': {
    about: 'the files tree fits in its page',
    source: 'open-power/ultravisor svm/svm-esmb.c svm_esmb_get_files_fdt copies without a look at the length',
    calls: ESM,
    leftOut: { by: NOT_PUBLISHED, why: 'the published copy has no check' },
  },
  'tag-length': {
    about: 'a GCM tag of the blob has all of its 16 bytes (threat 38)',
    source: 'open-power/ultravisor svm/svm-esmb.c svm_esmb_file_get takes the length of the property',
    calls: ['UV_ESM', 'UV_ESMB_GET_FILE'],
    leftOut: { by: NOT_PUBLISHED, why: 'mbed TLS takes 4 to 16 bytes' },
  },
  cookie: {
    about: 'UV_RETURN carries the cookie of a call that waits',
    source: `${UVCALL} uv_return, core/cookies.c; docs/reference/pef.md#reflected-hypercalls`,
    calls: ['UV_RETURN'],
  },
} as const satisfies Readonly<Record<string, Check>>;
export type CheckName = keyof typeof CHECKS;

/** The checks with their types widened: for whoever lists them. */
export const checks: ReadonlyMap<CheckName, Check> = new Map(Object.entries(CHECKS) as [CheckName, Check][]);
