import type { SuperblockReader } from './file-system.ts';

/** ECMA-119 §8.4: the primary volume descriptor, in sector 16. The size stands in both byte orders. */
export const iso9660: SuperblockReader = {
  offset: 0x8000,
  length: 2048,
  read(superblock) {
    if (superblock.u8(0) !== 1 || superblock.latin1(1, 5) !== 'CD001' || superblock.u8(6) !== 1) return undefined;
    const [sectors, blockBytes] = [superblock.u32(80), superblock.u16(128)];
    if (sectors !== superblock.u32be(84) || blockBytes !== superblock.u16be(130)) return undefined;
    return {
      type: 'ISO9660',
      label: superblock.text(40, 32),
      uuid: dateOf(superblock.latin1(830, 16), superblock.latin1(813, 16)),
      size: sectors * blockBytes,
    };
  },
};

/** It has no UUID; blkid shows the date of the last change, or of the making when there was none. */
function dateOf(changed: string, made: string): string {
  const digits = [changed, made].find(date => /^\d{16}$/.test(date) && !/^0+$/.test(date));
  return digits ? digits.replace(/^(....)(..)(..)(..)(..)(..)(..)$/, '$1-$2-$3-$4-$5-$6-$7') : '';
}
