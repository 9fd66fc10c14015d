import type { ByteSource } from '../source.ts';

/** What a superblock says. */
export interface FileSystem {
  readonly type: 'ext2' | 'ext3' | 'ext4' | 'xfs' | 'btrfs' | 'FAT12' | 'FAT16' | 'FAT32' | 'squashfs' | 'ISO9660';
  /** Empty when it has none. */
  readonly label: string;
  /** As blkid writes it; empty when the format has none. */
  readonly uuid: string;
  /** Bytes that the file system takes up; undefined when the superblock does not say. */
  readonly size?: number;
  /** First byte of the superblock. */
  readonly offset: number;
}

/** One kind: where its superblock begins, how long it is, what is in it; undefined when it is of another kind. */
export interface SuperblockReader {
  readonly offset: number;
  readonly length: number;
  read(view: Superblock, source: ByteSource): Omit<FileSystem, 'offset'> | undefined;
}

/** The bytes of a superblock, as numbers and texts. Little-endian unless the name says otherwise. */
export class Superblock {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }
  u16(at: number): number {
    return this.#view.getUint16(at, true);
  }
  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }
  u64(at: number): bigint {
    return this.#view.getBigUint64(at, true);
  }
  u16be(at: number): number {
    return this.#view.getUint16(at);
  }
  u32be(at: number): number {
    return this.#view.getUint32(at);
  }
  u64be(at: number): bigint {
    return this.#view.getBigUint64(at);
  }

  /** Byte for byte, for magics. */
  latin1(at: number, length: number): string {
    return Buffer.from(this.bytes.subarray(at, at + length)).toString('latin1');
  }

  /** Text up to a NUL, without the blanks that pad it. */
  text(at: number, length: number): string {
    const end = this.bytes.subarray(at, at + length).indexOf(0);
    return Buffer.from(this.bytes.subarray(at, at + (end < 0 ? length : end)))
      .toString('utf8')
      .trimEnd();
  }

  /** 16 bytes as 8-4-4-4-12 digits. */
  uuid(at: number): string {
    const digits = Buffer.from(this.bytes.subarray(at, at + 16)).toString('hex');
    return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
  }
}

export const isPowerOf2 = (value: number, least: number, most: number): boolean =>
  value >= least && value <= most && Number.isInteger(Math.log2(value));
