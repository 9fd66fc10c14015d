import { type Codec, DecodeError, Reader, struct, type Value } from '../../../bytes/index.ts';

/** Eight hexadecimal digits in ASCII. Written in upper case, as GNU cpio does. */
const HEX8: Codec<number> = {
  name: 'HEX8',
  shape: { kind: 'opaque' },
  write: (writer, value) => writer.raw(Buffer.from(value.toString(16).toUpperCase().padStart(8, '0'), 'latin1')),
  read(reader) {
    const offset = reader.offset;
    const digits = Buffer.from(reader.take(8)).toString('latin1');
    if (!/^[0-9a-fA-F]{8}$/.test(digits)) reader.fail('value', 'not eight hexadecimal digits', offset);
    return Number.parseInt(digits, 16);
  },
};

const MAGIC: Codec<string> = {
  name: 'cpio magic',
  shape: { kind: 'bytes', length: 6 },
  write: (writer, value) => writer.raw(Buffer.from(value, 'latin1')),
  read(reader) {
    const offset = reader.offset;
    const magic = Buffer.from(reader.take(6)).toString('latin1');
    if (magic !== CPIO_MAGIC) reader.fail('magic', `no newc header (${CPIO_MAGIC})`, offset);
    return magic;
  },
};

export const CPIO_MAGIC = '070701';
export const CPIO_HEADER_BYTES = 110;
export const CPIO_TRAILER = 'TRAILER!!!';
/** cpio pads an archive to its block of 512 bytes. */
export const CPIO_BLOCK = 512;

/** cpio(5), "New ASCII Format". */
export const CPIO_HEADER = struct('CPIO_HEADER', 'cpio(5) newc', {
  magic: MAGIC,
  ino: HEX8,
  mode: HEX8,
  uid: HEX8,
  gid: HEX8,
  nlink: HEX8,
  mtime: HEX8,
  filesize: HEX8,
  devmajor: HEX8,
  devminor: HEX8,
  rdevmajor: HEX8,
  rdevminor: HEX8,
  namesize: HEX8,
  check: HEX8,
});
export type CpioHeader = Value<typeof CPIO_HEADER>;

export interface CpioEntry {
  readonly name: string;
  readonly header: CpioHeader;
  /** Bytes from the start of the archive. */
  readonly headerOffset: number;
  readonly dataOffset: number;
  /** Where the next header begins. */
  readonly nextOffset: number;
}

export const align4 = (offset: number): number => Math.ceil(offset / 4) * 4;

/**
 * The entry whose header is at `offset`; its name is Latin-1, one character a byte.
 * @throws {DecodeError} `magic`, `value`, `short` or `size` at its byte.
 */
export function readCpioEntry(bytes: Uint8Array, offset: number): CpioEntry {
  const reader = new Reader(bytes);
  reader.offset = offset;
  const header = reader.at('header', () => CPIO_HEADER.read(reader));
  const { namesize, filesize } = header;
  if (namesize === 0) throw new DecodeError('size', 'header.namesize', offset + 94, 'a name needs at least its NUL');
  const nameBytes = reader.at('name', () => reader.take(namesize));
  const name = Buffer.from(nameBytes.subarray(0, -1)).toString('latin1');
  const dataOffset = align4(offset + CPIO_HEADER_BYTES + namesize);
  if (dataOffset + filesize > bytes.length) {
    throw new DecodeError('short', name, offset + 54, `${filesize} bytes of data, ${Math.max(0, bytes.length - dataOffset)} are left`);
  }
  return { name, header, headerOffset: offset, dataOffset, nextOffset: align4(dataOffset + filesize) };
}

/**
 * The entries of one archive from `start`, its trailer as the last. What follows the trailer is not looked at.
 * @throws {DecodeError} where the archive is broken; one that just ends without a trailer is `short`.
 */
export function* readCpio(bytes: Uint8Array, start = 0): Generator<CpioEntry> {
  for (let at = start; ; ) {
    const entry = readCpioEntry(bytes, at);
    yield entry;
    if (entry.name === CPIO_TRAILER) return;
    at = entry.nextOffset;
  }
}
