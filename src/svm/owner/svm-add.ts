import { concat } from '../../bytes/index.ts';
import { esmArchive } from '../format/index.ts';

/** `svm-tool svm add`: the blob in an archive of its own before the initrd, which stays as it is. */
export function svmAdd(blob: Uint8Array, initrd: Uint8Array, fileName = 'esm_blob.dtb'): Uint8Array {
  return concat(esmArchive(blob, fileName), initrd);
}
