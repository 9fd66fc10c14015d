import { fixed, list, struct, UINT16, UINT32, type Value } from '../../../bytes/index.ts';

/** LUKS1 On-Disk Format §5.2, figures 1 to 3. Big-endian. */
const luks_key_slot = struct('luks_key_slot', 'LUKS1 On-Disk Format §5.2, figure 2', {
  active: UINT32,
  iterations: UINT32,
  salt: fixed('salt', 32),
  'key-material-offset': UINT32, // in sectors of 512 bytes
  stripes: UINT32,
});

export const KEY_ENABLED = 0x00ac_71f3;
export const KEY_DISABLED = 0x0000_dead;
export const KEY_SLOTS = 8;

/** The list has no count of its own: always eight. */
const NO_COUNT = { ...UINT32, write: () => undefined, read: () => KEY_SLOTS };

export const luks_phdr = struct('luks_phdr', 'LUKS1 On-Disk Format §5.2, figure 1', {
  magic: fixed('magic', 6),
  version: UINT16,
  'cipher-name': fixed('cipher-name', 32),
  'cipher-mode': fixed('cipher-mode', 32),
  'hash-spec': fixed('hash-spec', 32),
  'payload-offset': UINT32, // in sectors of 512 bytes
  'key-bytes': UINT32,
  'mk-digest': fixed('mk-digest', 20),
  'mk-digest-salt': fixed('mk-digest-salt', 32),
  'mk-digest-iter': UINT32,
  uuid: fixed('uuid', 40),
  'key-slots': list('key-slots', luks_key_slot, { count: NO_COUNT }),
});
export type luks_phdr = Value<typeof luks_phdr>;

export const HEADER_BYTES = 592;
/** First byte of each field that a message may name. */
export const FIELD_OFFSETS = {
  version: 6,
  'cipher-name': 8,
  'hash-spec': 72,
  'payload-offset': 104,
  'key-bytes': 108,
  'mk-digest': 112,
  'mk-digest-iter': 164,
} as const;
export const keyslotOffset = (number: number): number => 208 + 48 * number;
