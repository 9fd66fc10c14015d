import { encode, Writer } from '../../../bytes/index.ts';
import { CPIO_BLOCK, CPIO_HEADER, CPIO_MAGIC, CPIO_TRAILER } from './entries.ts';

export interface CpioFile {
  /** Without a leading slash. */
  readonly name: string;
  /** File type and permissions, as in st_mode. */
  readonly mode: number;
  readonly nlink: number;
  readonly data?: Uint8Array;
}

export const DIRECTORY = 0o040755;
export const PRIVATE_FILE = 0o100600;

/**
 * A newc archive with its trailer, padded to 512 bytes. Inodes count from 1 and times are 0, so that the same input gives the
 * same bytes; the real tool takes both from its temporary folder.
 */
export function writeCpio(files: readonly CpioFile[]): Uint8Array {
  const writer = new Writer(files.reduce((sum, { data, name }) => sum + (data?.length ?? 0) + name.length + 128, 1024));
  for (const [i, file] of files.entries()) writeEntry(writer, file, i + 1);
  writeEntry(writer, { name: CPIO_TRAILER, mode: 0, nlink: 1 }, 0);
  pad(writer, CPIO_BLOCK);
  return writer.done();
}

function writeEntry(writer: Writer, { name, mode, nlink, data = new Uint8Array(0) }: CpioFile, ino: number): void {
  const nameBytes = Buffer.from(`${name}\0`, 'latin1');
  writer.raw(
    encode(CPIO_HEADER, {
      magic: CPIO_MAGIC,
      ino,
      mode,
      uid: 0,
      gid: 0,
      nlink,
      mtime: 0,
      filesize: data.length,
      devmajor: 0,
      devminor: 0,
      rdevmajor: 0,
      rdevminor: 0,
      namesize: nameBytes.length,
      check: 0,
    }),
  );
  writer.raw(nameBytes);
  pad(writer, 4);
  writer.raw(data);
  pad(writer, 4);
}

function pad(writer: Writer, block: number): void {
  writer.raw(new Uint8Array((block - (writer.length % block)) % block));
}

/** The archive that `svm-tool svm add` puts before an initrd: the blob in opt/ibm/pef, as `find . | cpio` lists it. */
export function esmArchive(blob: Uint8Array, fileName: string): Uint8Array {
  return writeCpio([
    { name: '.', mode: DIRECTORY, nlink: 3 },
    { name: 'opt', mode: DIRECTORY, nlink: 3 },
    { name: 'opt/ibm', mode: DIRECTORY, nlink: 3 },
    { name: 'opt/ibm/pef', mode: DIRECTORY, nlink: 2 },
    { name: `opt/ibm/pef/${fileName}`, mode: PRIVATE_FILE, nlink: 1, data: blob },
  ]);
}
