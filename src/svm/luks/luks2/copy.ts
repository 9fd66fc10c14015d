import { decode, sameBytes } from '../../../bytes/index.ts';
import { LuksError, type LuksFault } from '../fault.ts';
import { hashBytes, hashNames, hashOf, isHash } from '../hashes.ts';
import type { ByteSource } from '../source.ts';
import {
  BINARY_HEADER_BYTES,
  CSUM_BYTES,
  CSUM_OFFSET,
  HEADER_SIZES,
  luks2_hdr_disk,
  magicOf,
  PRIMARY_MAGIC,
  SECONDARY_MAGIC,
  textOf,
} from './header.ts';
import { type Metadata, parseMetadata } from './metadata.ts';

/** One of the two copies of the header, checked. */
export interface HeaderCopy {
  readonly which: 'primary' | 'secondary';
  readonly offset: number;
  readonly size: number;
  readonly seqid: bigint;
  readonly uuid: string;
  readonly label: string;
  readonly subsystem: string;
  readonly metadata: Metadata;
  /** Where the JSON area begins in the image. */
  readonly jsonOffset: number;
}

/**
 * Reads the copy of the header at `offset`, with the checks of cryptsetup lib/luks2/luks2_disk_metadata.c in their order: magic, version,
 * offset, size, checksum (LUKS2 §2.1), then the JSON area.
 * @throws {LuksError} with the byte of the first field that is wrong; `not-luks` when the magic is another.
 */
export function readCopy(image: ByteSource, offset: number): HeaderCopy {
  const which = offset === 0 ? 'primary' : 'secondary';
  const fail = (fault: LuksFault, field: string, at: number, detail: string): never => {
    throw new LuksError(fault, `${which} header: ${detail}`, { image: image.name, offset: offset + at, field });
  };
  if (image.size < offset + BINARY_HEADER_BYTES) fail('short', 'luks2_hdr_disk', 0, `the image ends at byte ${image.size}`);
  const header = decode(luks2_hdr_disk, image.read(offset, BINARY_HEADER_BYTES));
  if (magicOf(header.magic) !== (which === 'primary' ? PRIMARY_MAGIC : SECONDARY_MAGIC)) fail('not-luks', 'magic', 0, 'no magic');
  if (header.version !== 2) fail('version', 'version', 6, `version ${header.version}, not 2`);
  if (header.hdr_offset !== BigInt(offset)) fail('header', 'hdr_offset', 256, `says byte ${header.hdr_offset}, stands at ${offset}`);
  const size = Number(header.hdr_size);
  if (!HEADER_SIZES.includes(size) || (offset > 0 && size !== offset))
    fail('header', 'hdr_size', 8, `${header.hdr_size} bytes is no size of a header`);
  if (image.size < offset + size) fail('short', 'hdr_size', 8, `${size} bytes, the image ends at byte ${image.size}`);
  const hash = textOf(header.csum_alg);
  if (!isHash(hash)) fail('header', 'csum_alg', 72, `the checksum's hash is none of ${hashNames.join(', ')}`);
  const whole = image.read(offset, size).slice();
  whole.fill(0, CSUM_OFFSET, CSUM_OFFSET + CSUM_BYTES);
  if (!sameBytes(hashOf(hash, whole), header.csum.subarray(0, hashBytes(hash)))) {
    fail('checksum', 'csum', CSUM_OFFSET, `the ${hash} checksum does not fit the ${size} bytes from byte ${offset}`);
  }
  const jsonOffset = offset + BINARY_HEADER_BYTES;
  const metadata = parseMetadata(whole.subarray(BINARY_HEADER_BYTES), { image: image.name, offset: jsonOffset, which, headerBytes: size });
  const [uuid, label, subsystem] = [textOf(header.uuid), textOf(header.label), textOf(header.subsystem)];
  return { which, offset, size, seqid: header.seqid, uuid, label, subsystem, metadata, jsonOffset };
}
