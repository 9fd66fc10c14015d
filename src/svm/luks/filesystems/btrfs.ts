import { isPowerOf2, type SuperblockReader } from './file-system.ts';

/** btrfs On-disk Format, Superblock: the first copy lies at 64 KiB. */
export const btrfs: SuperblockReader = {
  offset: 0x1_0000,
  length: 4096,
  read(superblock) {
    if (superblock.latin1(0x40, 8) !== '_BHRfS_M' || superblock.u64(0x30) !== 0x1_0000n) return undefined;
    if (!isPowerOf2(superblock.u32(0x90), 512, 65536)) return undefined;
    return { type: 'btrfs', label: superblock.text(0x12b, 256), uuid: superblock.uuid(0x20), size: Number(superblock.u64(0x70)) };
  },
};
