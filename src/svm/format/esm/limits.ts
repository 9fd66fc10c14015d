/**
 * What the Ultravisor's buffers hold (open-power/ultravisor svm/svm-esmb.c; docs/reference/pef.md#reserved-pages, #digests,
 * #uv_esmb_get_file).
 */
export const ESM_LIMITS = {
  /** Plaintext of the digests tree: one 4096-byte buffer. */
  digestsBytes: 4096,
  /** The tree of attachments: one 64 KiB page; the real copy has no check and overruns it. */
  filesFdtBytes: 0x1_0000,
  /** One attachment: its length is kept in 16 bits. */
  fileBytes: 0xffff,
  /** A passphrase above this gets newlines inside on its way through esmb-get-file. */
  passphraseBytes: 64,
} as const;
