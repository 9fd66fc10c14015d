import { isPowerOf2, type SuperblockReader } from './file-system.ts';

/** XFS Algorithms & Data Structures §14.1: the superblock of the first allocation group. Big-endian. */
export const xfs: SuperblockReader = {
  offset: 0,
  length: 512,
  read(superblock) {
    if (superblock.latin1(0, 4) !== 'XFSB') return undefined;
    const blockBytes = superblock.u32be(4);
    if (!isPowerOf2(blockBytes, 512, 65536) || !isPowerOf2(superblock.u16be(102), 512, 32768)) return undefined;
    const size = Number(superblock.u64be(8)) * blockBytes;
    return { type: 'xfs', label: superblock.text(108, 12), uuid: superblock.uuid(32), size };
  },
};
