import { sameBytes } from '../../../bytes/index.ts';
import { type BlobSearch, findEsmBlob } from '../../format/index.ts';
import type { VerifiedCheck, VerifyInput } from './verified-check.ts';

/** Where a boot loader puts an initrd: alignment is all that counts. */
export const INITRD_GPA = 0x0400_0000n;

/** The initrd as it is measured, and how it came to that. */
export interface MeasuredInitrd {
  readonly search: BlobSearch;
  /** The bytes that are hashed. */
  readonly bytes: Uint8Array;
}

/** The Ultravisor strips an archive that holds a blob from the front of the initrd (docs/reference/pef.md#finding-the-blob). */
export function initrdBehindBlob({ measured: { initrd } }: VerifyInput): MeasuredInitrd {
  const search = findEsmBlob(initrd, INITRD_GPA);
  return { search, bytes: initrd.subarray(search.archiveBytes) };
}

export function checkInitrdBlob({ bytes, measured: { initrd } }: VerifyInput, { search }: MeasuredInitrd): VerifiedCheck {
  const found = (outcome: 'holds' | 'fails', text: string): VerifiedCheck => ({ call: 'UV_ESM', check: 'esm-blob', outcome, text });
  const at = search.blobOffset;
  if (at === null)
    return found('holds', 'the initrd holds no blob: the boot wrapper has to place this one, or `svm add` to put it in front');
  if (!sameBytes(initrd.subarray(at, at + bytes.length), bytes)) return found('fails', `the initrd holds another blob at byte ${at}`);
  if (search.ended !== 'trailer') {
    const text = `the blob lies at byte ${at} of the initrd, but its archive has no end (${search.ended} at byte ${search.endOffset})`;
    return found('fails', `${text}: it is not stripped before the initrd is measured`);
  }
  return found('holds', `the blob lies at byte ${at} of the initrd; the initrd that is measured begins at byte ${search.archiveBytes}`);
}
