import { FDT_MAGIC } from '../fdt/header.ts';
import { CPIO_BLOCK, CPIO_HEADER_BYTES, CPIO_MAGIC, CPIO_TRAILER } from './entries.ts';

/** Why the Ultravisor's search ended. */
export type SearchEnd =
  /** TRAILER!!! was reached: the only end after which the initrd is taken to begin behind the archive. */
  | 'trailer'
  /** No newc header at this place: the search keeps what it has, the initrd is not adjusted. */
  | 'not-a-header'
  /** A file outside opt/ibm/pef came before the blob: -ENOENT at once. */
  | 'foreign-file'
  /** The next header lies behind the initrd. */
  | 'past-end'
  /** No magic in a file whose size is no multiple of 4: the real loop's size underflows and it runs through memory. */
  | 'ran-past-file';

export interface BlobSearch {
  /** Bytes from the start of the initrd to the blob, or null. Null also after `foreign-file`. */
  readonly blobOffset: number | null;
  /** Bytes to strip from the front of the initrd before it is measured: 0 unless a blob was found and the trailer reached. */
  readonly archiveBytes: number;
  readonly ended: SearchEnd;
  /** The header or file at which it ended, bytes from the start of the initrd. */
  readonly endOffset: number;
  /** What the real function returns: 0 or -ENOENT. */
  readonly code: 0 | -2;
}

const PREFIX = 'opt/ibm/pef';

/**
 * The search of open-power/ultravisor svm/svm-esm.c svm_esm_cpio_esmb, for an initrd without boot-wrapper properties.
 * Alignment is of the guest address, not of the offset: an initrd at an odd address is read differently.
 * @param initrd all bytes from linux,initrd-start to linux,initrd-end.
 * @param startGpa linux,initrd-start.
 */
export function findEsmBlob(initrd: Uint8Array, startGpa: bigint): BlobSearch {
  const align = (offset: number, to: number): number => {
    const over = Number((startGpa + BigInt(offset)) % BigInt(to));
    return over === 0 ? offset : offset + to - over;
  };
  let blobOffset: number | null = null;
  const end = (ended: SearchEnd, endOffset: number, archiveBytes = 0): BlobSearch => ({
    blobOffset: ended === 'foreign-file' ? null : blobOffset,
    archiveBytes,
    ended,
    endOffset,
    code: ended === 'foreign-file' ? -2 : 0,
  });
  for (let at = align(0, 4); ; ) {
    if (at + CPIO_HEADER_BYTES > initrd.length) return end('past-end', at);
    if (ascii(initrd, at, 6) !== CPIO_MAGIC) return end('not-a-header', at);
    const filesize = digits(initrd, at + 54);
    const namesize = digits(initrd, at + 94);
    if (Number.isNaN(filesize) || Number.isNaN(namesize)) return end('not-a-header', at);
    const data = align(at + CPIO_HEADER_BYTES + namesize, 4);
    const name = at + CPIO_HEADER_BYTES;
    if (filesize > 0 && blobOffset === null) {
      if (ascii(initrd, name, PREFIX.length) !== PREFIX) return end('foreign-file', at);
      blobOffset = findMagic(initrd, data, filesize);
      if (blobOffset === null && filesize % 4 !== 0) return end('ran-past-file', at);
    }
    const next = align(data + filesize, 4);
    if (namesize === CPIO_TRAILER.length + 1 && ascii(initrd, name, CPIO_TRAILER.length) === CPIO_TRAILER) {
      return end('trailer', at, blobOffset === null ? 0 : align(next, CPIO_BLOCK));
    }
    at = next;
  }
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', at, at + length);
}

function digits(bytes: Uint8Array, at: number): number {
  const text = ascii(bytes, at, 8);
  return /^[0-9a-fA-F]{8}$/.test(text) ? Number.parseInt(text, 16) : Number.NaN;
}

/** The first 32-bit word 0xD00DFEED of a file; with a size that is no multiple of 4, also behind the file (see `ran-past-file`). */
function findMagic(initrd: Uint8Array, start: number, size: number): number | null {
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(FDT_MAGIC);
  // Not a byte further than the file: an archive of many files would be searched to its end for each.
  const searched = Buffer.from(initrd.buffer, initrd.byteOffset, size % 4 === 0 ? Math.min(start + size, initrd.length) : initrd.length);
  for (let at = searched.indexOf(magic, start); at >= 0; at = searched.indexOf(magic, at + 1)) {
    if ((at - start) % 4 === 0) return at;
  }
  return null;
}
