import { fixed, struct, UINT16, UINT64, type Value } from '../../../bytes/index.ts';

export const PRIMARY_MAGIC = 'LUKS\xba\xbe';
export const SECONDARY_MAGIC = 'SKUL\xba\xbe';

/** The binary part; the JSON area follows up to `hdr_size`. */
export const BINARY_HEADER_BYTES = 4096;

/** First byte and width of `csum`, which counts as zeros in its own calculation. */
export const CSUM_OFFSET = 448;
export const CSUM_BYTES = 64;

/** LUKS2 §2.1, table 1: `hdr_size` is also where the secondary header begins. */
export const HEADER_SIZES: readonly number[] = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096].map(kib => kib * 1024);

export const luks2_hdr_disk = struct('luks2_hdr_disk', 'LUKS2 On-Disk Format §2.1', {
  magic: fixed('magic', 6),
  version: UINT16,
  hdr_size: UINT64,
  seqid: UINT64,
  label: fixed('label', 48),
  csum_alg: fixed('csum_alg', 32),
  salt: fixed('salt', 64),
  uuid: fixed('uuid', 40),
  subsystem: fixed('subsystem', 48),
  hdr_offset: UINT64,
  _padding: fixed('_padding', 184),
  csum: fixed('csum', CSUM_BYTES),
  _padding4096: fixed('_padding4096', 7 * 512),
});
export type luks2_hdr_disk = Value<typeof luks2_hdr_disk>;

/** Text up to the first NUL. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end < 0 ? bytes.length : end)).toString('utf8');
}

/** Byte for byte: the magics are no UTF-8. */
export const magicOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
