import { isPowerOf2, type SuperblockReader } from './file-system.ts';

/** Linux fs/squashfs/squashfs_fs.h, version 4: neither label nor UUID. */
export const squashfs: SuperblockReader = {
  offset: 0,
  length: 96,
  read(superblock) {
    if (superblock.latin1(0, 4) !== 'hsqs' || superblock.u16(28) !== 4) return undefined;
    const blockBytes = superblock.u32(12);
    if (!isPowerOf2(blockBytes, 4096, 1 << 20) || 2 ** superblock.u16(22) !== blockBytes) return undefined;
    return { type: 'squashfs', label: '', uuid: '', size: Number(superblock.u64(40)) };
  },
};
