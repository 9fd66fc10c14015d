import type { ByteSource } from '../source.ts';
import { btrfs } from './btrfs.ts';
import { ext } from './ext.ts';
import { fat } from './fat.ts';
import { type FileSystem, Superblock, type SuperblockReader } from './file-system.ts';
import { iso9660 } from './iso9660.ts';
import { squashfs } from './squashfs.ts';
import { xfs } from './xfs.ts';

/** FAT comes last: its boot sector has the weakest signature, and other kinds leave room for one in front of them. */
const READERS: readonly SuperblockReader[] = [ext, xfs, btrfs, squashfs, iso9660, fat];

/** The file system by its superblock, as blkid tells it: by magic and plausible fields. Undefined when it is none of the known ones. */
export function recogniseFileSystem(source: ByteSource): FileSystem | undefined {
  for (const { offset, length, read } of READERS) {
    if (source.size < offset + length) continue;
    const found = read(new Superblock(source.read(offset, length)), source);
    if (found) return { ...found, offset };
  }
  return undefined;
}
