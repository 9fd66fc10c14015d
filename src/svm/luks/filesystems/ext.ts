import type { FileSystem, SuperblockReader } from './file-system.ts';

/** Feature bits, Linux fs/ext4/ext4.h and fs/ext2/ext2.h. */
const COMPAT_HAS_JOURNAL = 0x4;
/** What ext3 knows: filetype, recover, meta_bg. */
const INCOMPAT_OF_EXT3 = 0x2 | 0x4 | 0x10;
/** What ext3 knows: sparse_super, large_file, btree_dir. */
const RO_COMPAT_OF_EXT3 = 0x1 | 0x2 | 0x4;
const INCOMPAT_64BIT = 0x80;
const INCOMPAT_JOURNAL_DEV = 0x8;

/** ext2, ext3, ext4: Linux Documentation/filesystems/ext4/super.rst. */
export const ext: SuperblockReader = {
  offset: 1024,
  length: 1024,
  read(superblock) {
    if (superblock.u16(0x38) !== 0xef53) return undefined;
    const logBlock = superblock.u32(0x18);
    const revision = superblock.u32(0x4c);
    // 16 bits of magic are too few to tell a superblock from garbage.
    if (logBlock > 6 || revision > 1 || superblock.u32(0x00) === 0 || superblock.u32(0x20) === 0 || superblock.u32(0x28) === 0)
      return undefined;
    const [compat, incompat, roCompat] = revision === 0 ? [0, 0, 0] : [superblock.u32(0x5c), superblock.u32(0x60), superblock.u32(0x64)];
    if (incompat & INCOMPAT_JOURNAL_DEV) return undefined;
    const high = incompat & INCOMPAT_64BIT ? superblock.u32(0x150) : 0;
    const blocks = high * 2 ** 32 + superblock.u32(0x04);
    const type = typeOf(compat, incompat, roCompat);
    return { type, label: superblock.text(0x78, 16), uuid: superblock.uuid(0x68), size: blocks * (1024 << logBlock) };
  },
};

/** As blkid (util-linux libblkid/src/superblocks/ext.c): a feature that the older one does not know makes it the newer one. */
function typeOf(compat: number, incompat: number, roCompat: number): FileSystem['type'] {
  if ((incompat & ~INCOMPAT_OF_EXT3) !== 0 || (roCompat & ~RO_COMPAT_OF_EXT3) !== 0) return 'ext4';
  return compat & COMPAT_HAS_JOURNAL ? 'ext3' : 'ext2';
}
