import { materialBytes } from './keyslot.ts';
import type { ByteSource } from './source.ts';
import type { Keyslot } from './volume.ts';

/**
 * The first sector of a key slot's stripes that is not random, as encrypted stripes are: something was written over it. This is the
 * test of cryptsetup's misc/keyslot_checker, which calls a sector of 512 bytes suspicious below 0.85 of full entropy. LUKS has no
 * checksum of key areas: a single wrong bit looks like a wrong passphrase, for ever.
 */
export function overwrittenAt(image: ByteSource, slot: Keyslot): number | undefined {
  const material = image.read(slot.area.offset, materialBytes(slot));
  const used = slot.keyBytes * slot.stripes;
  for (let at = 0; at + 512 <= used; at += 512) if (entropy(material.subarray(at, at + 512)) < 0.85) return slot.area.offset + at;
  return undefined;
}

/** Shannon's, of the bytes' frequencies, as a share of 8 bits. */
function entropy(bytes: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte]!++;
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / bytes.length) * Math.log2(count / bytes.length);
  return bits / 8;
}
