import { encode, utf8 } from '../../../bytes/index.ts';
import type { Chance } from '../af.ts';
import { hashOf } from '../hashes.ts';
import { BINARY_HEADER_BYTES, CSUM_BYTES, CSUM_OFFSET, luks2_hdr_disk, PRIMARY_MAGIC, SECONDARY_MAGIC } from './header.ts';

export interface HeaderText {
  /** Of one copy. */
  readonly hdr_size: number;
  readonly seqid: bigint;
  readonly uuid: string;
  readonly label: string;
  readonly subsystem: string;
  /** The JSON area's text. */
  readonly json: string;
}

/** Both copies of a header, the secondary one behind the primary; each has a salt of its own (LUKS2 §2.1), so that they differ. */
export function writeHeaders(header: HeaderText, chance: Chance): Uint8Array {
  const both = new Uint8Array(2 * header.hdr_size);
  both.set(writeCopy(header, 0, chance));
  both.set(writeCopy(header, header.hdr_size, chance), header.hdr_size);
  return both;
}

function writeCopy({ hdr_size, seqid, uuid, label, subsystem, json }: HeaderText, offset: number, chance: Chance): Uint8Array {
  const copy = new Uint8Array(hdr_size);
  const binary = encode(luks2_hdr_disk, {
    magic: Uint8Array.from(Buffer.from(offset === 0 ? PRIMARY_MAGIC : SECONDARY_MAGIC, 'latin1')),
    version: 2,
    hdr_size: BigInt(hdr_size),
    seqid,
    label: padded(label, 48),
    csum_alg: padded('sha256', 32),
    salt: chance.bytes(64),
    uuid: padded(uuid, 40),
    subsystem: padded(subsystem, 48),
    hdr_offset: BigInt(offset),
    _padding: new Uint8Array(184),
    csum: new Uint8Array(CSUM_BYTES),
    _padding4096: new Uint8Array(7 * 512),
  });
  copy.set(binary);
  copy.set(utf8(json), BINARY_HEADER_BYTES);
  copy.set(hashOf('sha256', copy), CSUM_OFFSET);
  return copy;
}

function padded(text: string, bytes: number): Uint8Array {
  const field = new Uint8Array(bytes);
  field.set(utf8(text));
  return field;
}
