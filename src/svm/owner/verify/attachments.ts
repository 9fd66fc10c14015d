import { ESM_LIMITS, filesFdt, openGcm } from '../../format/index.ts';
import type { VerifiedCheck, VerifyInput } from './verified-check.ts';

/** The tree of attachments is copied to its page before the digests are looked at (docs/reference/pef.md#files-tree). */
export function checkFilesTree({ blob }: VerifyInput): VerifiedCheck {
  const bytes = filesFdt(blob.tree)?.length;
  const check = (outcome: 'holds' | 'fails', text: string): VerifiedCheck => ({ call: 'UV_ESM', check: 'files-tree', outcome, text });
  if (bytes === undefined) return check('holds', 'the blob has no attachments');
  const size = `the tree of attachments has ${bytes} bytes, its page ${ESM_LIMITS.filesFdtBytes}`;
  return bytes > ESM_LIMITS.filesFdtBytes ? check('fails', `${size}: the published copy overruns it`) : check('holds', size);
}

/** What the Secure VM would find when it asks for a file (docs/reference/pef.md#uv_esmb_get_file). */
export function checkFiles({ blob, symmetricKey }: VerifyInput): VerifiedCheck[] {
  return blob.attachments.map((item): VerifiedCheck => {
    const { name, ciphertext } = item;
    const said = (outcome: VerifiedCheck['outcome'], text: string): VerifiedCheck => ({
      call: 'UV_ESMB_GET_FILE',
      check: 'file-tag',
      outcome,
      text,
    });
    if (ciphertext.length > ESM_LIMITS.fileBytes)
      return said('fails', `${name} has ${ciphertext.length} bytes, its length is kept in 16 bits`);
    if (!symmetricKey) return said('unknown', `${name} cannot be read without a private key that opens a lockbox`);
    if (!openGcm(item, symmetricKey)) return said('fails', `${name} does not authenticate: altered, or of another blob`);
    return said('holds', `${name} is authentic (${ciphertext.length} bytes)`);
  });
}
