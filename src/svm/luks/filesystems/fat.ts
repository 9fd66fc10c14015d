import { hex } from '../../../bytes/index.ts';
import type { ByteSource } from '../source.ts';
import { type FileSystem, isPowerOf2, Superblock, type SuperblockReader } from './file-system.ts';

/** Microsoft FAT specification (fatgen103): the BIOS parameter block. The kind follows from the count of clusters alone. */
export const fat: SuperblockReader = {
  offset: 0,
  length: 512,
  read(superblock, source) {
    const [sectorBytes, perCluster, reserved, fats] = [superblock.u16(11), superblock.u8(13), superblock.u16(14), superblock.u8(16)];
    const bootable = superblock.u8(0) === 0xe9 || (superblock.u8(0) === 0xeb && superblock.u8(2) === 0x90);
    const media = superblock.u8(21);
    if (superblock.u16(510) !== 0xaa55 || !bootable || (media !== 0xf0 && media < 0xf8)) return undefined;
    if (!isPowerOf2(sectorBytes, 512, 4096) || !isPowerOf2(perCluster, 1, 128) || reserved === 0 || fats === 0 || fats > 2)
      return undefined;
    const rootEntries = superblock.u16(17);
    const sectors = superblock.u16(19) || superblock.u32(32);
    const fatSectors = superblock.u16(22) || superblock.u32(36);
    const rootSectors = Math.ceil((rootEntries * 32) / sectorBytes);
    const dataStart = reserved + fats * fatSectors + rootSectors;
    const clusters = Math.floor((sectors - dataStart) / perCluster);
    if (fatSectors === 0 || clusters < 1) return undefined;
    const type = clusters < 4085 ? 'FAT12' : clusters < 65525 ? 'FAT16' : 'FAT32';
    if ((rootEntries === 0) !== (type === 'FAT32')) return undefined;
    const extended = type === 'FAT32' ? 64 : 36; // where drive number, signature, serial and label stand
    const firstCluster = superblock.u32(44);
    const root = type === 'FAT32' ? dataStart + (firstCluster - 2) * perCluster : dataStart - rootSectors;
    const rootBytes = type === 'FAT32' ? perCluster * sectorBytes : rootEntries * 32;
    return {
      type,
      label: rootLabel(source, root * sectorBytes, rootBytes) ?? bootLabel(superblock, extended),
      uuid: serial(superblock, extended),
      size: sectors * sectorBytes,
    };
  },
};

const hasExtension = (superblock: Superblock, at: number): boolean => superblock.u8(at + 2) === 0x28 || superblock.u8(at + 2) === 0x29;

function serial(superblock: Superblock, at: number): FileSystem['uuid'] {
  if (!hasExtension(superblock, at)) return '';
  const digits = hex(superblock.u32(at + 3), 8)
    .slice(2)
    .toUpperCase();
  return `${digits.slice(0, 4)}-${digits.slice(4)}`;
}

/** The label in force is the root directory's entry with attribute "volume"; the boot sector has a copy that may be stale. */
function rootLabel(source: ByteSource, offset: number, bytes: number): string | undefined {
  const length = Math.min(bytes, 1 << 16);
  if (offset < 0 || offset + length > source.size) return undefined;
  const directory = new Superblock(source.read(offset, length));
  for (let at = 0; at + 32 <= length && directory.u8(at) !== 0; at += 32) {
    const attributes = directory.u8(at + 11);
    const isLabel = (attributes & 0x18) === 0x08 && (attributes & 0x0f) !== 0x0f;
    if (isLabel && directory.u8(at) !== 0xe5) return directory.text(at, 11);
  }
  return undefined;
}

function bootLabel(superblock: Superblock, at: number): string {
  const label = superblock.u8(at + 2) === 0x29 ? superblock.text(at + 7, 11) : '';
  return label === 'NO NAME' ? '' : label;
}
