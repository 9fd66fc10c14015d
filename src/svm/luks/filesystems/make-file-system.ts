import { toHex, utf8 } from '../../../bytes/index.ts';
import type { Chance } from '../af.ts';
import { LuksError } from '../fault.ts';
import { drawUuid } from '../uuid.ts';
import type { FileSystem } from './file-system.ts';

/** A file system of which there is the superblock only: enough for whoever asks what it is, nothing to mount. */
export interface FileSystemRecipe {
  readonly type: FileSystem['type'];
  readonly label?: string | undefined;
  /** As blkid writes it for this type; drawn when it is not given. */
  readonly uuid?: string | undefined;
  /** Bytes; at least what the type needs. */
  readonly size?: number | undefined;
}

interface Maker {
  readonly leastBytes: number;
  readonly labelBytes: number;
  /** What its UUID looks like; undefined: it has none. */
  readonly uuid?: { readonly pattern: RegExp; readonly example: string; draw(chance: Chance): string };
  write(image: DataView, text: (at: number, text: string) => void, recipe: Filled): void;
}

interface Filled {
  readonly size: number;
  readonly label: string;
  readonly uuid: string;
}

const MIB = 1 << 20;
const UUID = {
  pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  example: '3e6be9de-8139-11d1-9106-a43f08d823a6',
  draw: drawUuid,
};
const FAT_SERIAL = {
  pattern: /^[0-9a-f]{4}-[0-9a-f]{4}$/i,
  example: '2E24-EC82',
  draw: (chance: Chance) => toHex(chance.bytes(4)).toUpperCase().replace(/^..../, '$&-'),
};

/** Feature words of a superblock that make it the kind that it is: compat, incompat, ro_compat (Linux fs/ext4/ext4.h). */
const ext = (features: readonly [number, number, number]): Maker => ({
  leastBytes: MIB,
  labelBytes: 16,
  uuid: UUID,
  write(image, text, { size, label, uuid }) {
    const at = 1024;
    image.setUint32(at + 0x00, 128, true); // inodes
    image.setUint32(at + 0x04, Math.floor(size / 4096), true); // blocks
    image.setUint32(at + 0x18, 2, true); // log2 of block size - 10: 4 KiB
    image.setUint32(at + 0x20, 32768, true); // blocks in a group
    image.setUint32(at + 0x28, 128, true); // inodes in a group
    image.setUint16(at + 0x38, 0xef53, true);
    image.setUint16(at + 0x3a, 1, true); // clean
    image.setUint32(at + 0x4c, 1, true); // revision
    image.setUint32(at + 0x54, 11, true); // first inode
    image.setUint16(at + 0x58, 256, true); // bytes of an inode
    features.forEach((word, i) => {
      image.setUint32(at + 0x5c + 4 * i, word, true);
    });
    putUuid(image, at + 0x68, uuid);
    text(at + 0x78, label);
  },
});

/** Microsoft fatgen103: which kind it is follows from the count of clusters, so each has its size. */
const fat = (kind: 'FAT12' | 'FAT16' | 'FAT32', leastBytes: number, perCluster: (sectors: number) => number): Maker => ({
  leastBytes,
  labelBytes: 11,
  uuid: FAT_SERIAL,
  write(image, text, { size, label, uuid }) {
    const sectors = Math.floor(size / 512);
    const isFat32 = kind === 'FAT32';
    const clusterSectors = perCluster(sectors);
    const entryBits = isFat32 ? 32 : kind === 'FAT16' ? 16 : 12;
    const fatSectors = Math.ceil(((sectors / clusterSectors + 2) * entryBits) / 8 / 512);
    image.setUint8(0, 0xeb);
    image.setUint8(2, 0x90);
    text(3, 'svm-sim ');
    image.setUint16(11, 512, true);
    image.setUint8(13, clusterSectors);
    image.setUint16(14, isFat32 ? 32 : 1, true); // reserved sectors
    image.setUint8(16, 2); // copies of the table
    image.setUint16(17, isFat32 ? 0 : 512, true); // entries of the root directory
    if (sectors < 0x1_0000) image.setUint16(19, sectors, true);
    else image.setUint32(32, sectors, true);
    image.setUint8(21, 0xf8);
    if (isFat32) {
      image.setUint32(36, fatSectors, true);
      image.setUint32(44, 2, true); // first cluster of the root directory
    } else image.setUint16(22, fatSectors, true);
    const extended = isFat32 ? 64 : 36;
    image.setUint8(extended, 0x80);
    image.setUint8(extended + 2, 0x29);
    image.setUint32(extended + 3, Number.parseInt(uuid.replace('-', ''), 16), true);
    text(extended + 7, (label || 'NO NAME').padEnd(11));
    text(extended + 18, kind.padEnd(8));
    image.setUint16(510, 0xaa55, true);
    if (!label) return;
    // The label in force is an entry of the root directory: where the data begin, or right before them.
    const root = ((isFat32 ? 32 : 1) + 2 * fatSectors) * 512;
    text(root, label.padEnd(11));
    image.setUint8(root + 11, 0x08);
  },
});

const MAKERS: Readonly<Record<FileSystem['type'], Maker>> = {
  ext2: ext([0x38, 0x2, 0x3]),
  ext3: ext([0x3c, 0x2, 0x3]),
  ext4: ext([0x3c, 0x42, 0x7b]), // extents; huge_file, dir_nlink, extra_isize
  xfs: {
    leastBytes: MIB,
    labelBytes: 12,
    uuid: UUID,
    write(image, text, { size, label, uuid }) {
      text(0, 'XFSB');
      image.setUint32(4, 4096);
      image.setBigUint64(8, BigInt(Math.floor(size / 4096)));
      putUuid(image, 32, uuid);
      image.setUint32(80, 1); // blocks of a realtime extent
      image.setUint32(84, Math.floor(size / 4096)); // blocks of an allocation group: there is one
      image.setUint32(88, 1);
      image.setUint16(100, 0xb4a4); // version 4, which has no checksum
      image.setUint16(102, 512);
      image.setUint16(104, 256); // bytes of an inode
      image.setUint16(106, 16); // inodes of a block
      text(108, label);
      // The same as logarithms: block, sector, inode, inodes of a block, blocks of a group.
      [12, 9, 8, 4, Math.ceil(Math.log2(size / 4096))].forEach((log, i) => {
        image.setUint8(120 + i, log);
      });
      image.setUint8(127, 25); // percent of the space for inodes
    },
  },
  btrfs: {
    leastBytes: MIB,
    labelBytes: 255,
    uuid: UUID,
    write(image, text, { size, label, uuid }) {
      const at = 0x1_0000;
      putUuid(image, at + 0x20, uuid);
      image.setBigUint64(at + 0x30, BigInt(at), true);
      text(at + 0x40, '_BHRfS_M');
      image.setBigUint64(at + 0x70, BigInt(size), true);
      image.setUint32(at + 0x90, 4096, true);
      image.setUint32(at + 0x94, 16384, true);
      text(at + 0x12b, label);
    },
  },
  FAT12: fat('FAT12', MIB, sectors => powerOf2(sectors / 4000)),
  FAT16: fat('FAT16', 4 * MIB, sectors => powerOf2(sectors / 60_000)),
  FAT32: fat('FAT32', 34 * MIB, sectors => powerOf2(sectors / 2 ** 27)),
  squashfs: {
    leastBytes: MIB,
    labelBytes: 0,
    write(image, text, { size }) {
      text(0, 'hsqs');
      image.setUint32(12, 131_072, true);
      image.setUint16(22, 17, true); // log2 of it
      image.setUint16(28, 4, true); // version
      image.setBigUint64(40, BigInt(size), true);
    },
  },
  ISO9660: {
    leastBytes: MIB,
    labelBytes: 32,
    // The date of its making: no chance in it.
    uuid: { pattern: /^\d{4}(-\d{2}){6}$/, example: '2020-01-31-12-00-00-00', draw: () => '2020-01-01-00-00-00-00' },
    write(image, text, { size, label, uuid }) {
      const at = 0x8000;
      const sectors = Math.floor(size / 2048);
      image.setUint8(at, 1);
      text(at + 1, 'CD001');
      image.setUint8(at + 6, 1);
      text(at + 40, label.padEnd(32));
      image.setUint32(at + 80, sectors, true);
      image.setUint32(at + 84, sectors);
      image.setUint16(at + 128, 2048, true);
      image.setUint16(at + 130, 2048);
      text(at + 813, uuid.replaceAll('-', ''));
      text(at + 830, '0'.repeat(16));
      text(at + 2048 + 1, 'CD001');
      image.setUint8(at + 2048, 255); // the last descriptor
    },
  },
};

export const fileSystemTypes = Object.keys(MAKERS) as readonly FileSystem['type'][];

/** What is wrong with a recipe: the field, and why. */
export function fileSystemProblem({ type, label = '', uuid, size }: FileSystemRecipe): { field: string; what: string } | undefined {
  const { leastBytes, labelBytes, uuid: known } = MAKERS[type];
  if (utf8(label).length > labelBytes)
    return { field: 'label', what: labelBytes === 0 ? `${type} has none` : `${type} has room for ${labelBytes} bytes` };
  if (uuid !== undefined && !known) return { field: 'uuid', what: `${type} has none` };
  if (uuid !== undefined && !known?.pattern.test(uuid))
    return { field: 'uuid', what: `is not as ${type} has it, such as ${known?.example}` };
  if (size !== undefined && size < leastBytes) return { field: 'size', what: `${size} bytes; ${type} wants at least ${leastBytes}` };
  return undefined;
}

/**
 * Bytes in which `recogniseFileSystem` and blkid find that file system.
 * @throws {LuksError} `option`, see {@link fileSystemProblem}.
 */
export function makeFileSystem(recipe: FileSystemRecipe, chance: Chance): Uint8Array {
  const problem = fileSystemProblem(recipe);
  if (problem) throw new LuksError('option', problem.what, { field: `fileSystem.${problem.field}` });
  const { leastBytes, write, uuid: known } = MAKERS[recipe.type];
  const { size = leastBytes, label = '', uuid = known?.draw(chance) ?? '' } = recipe;
  const bytes = new Uint8Array(size);
  write(new DataView(bytes.buffer), (at, text) => bytes.set(utf8(text), at), { size, label, uuid });
  return bytes;
}

function putUuid(image: DataView, at: number, uuid: string): void {
  Buffer.from(uuid.replaceAll('-', ''), 'hex').forEach((byte, i) => {
    image.setUint8(at + i, byte);
  });
}

const powerOf2 = (atLeast: number): number => 2 ** Math.max(0, Math.ceil(Math.log2(atLeast)));
