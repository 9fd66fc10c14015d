import { equal } from '../../crypto/index.ts';
import { afMerge } from './af.ts';
import { sectorCipher } from './cipher.ts';
import { derivePbkdf2 } from './hashes.ts';
import { deriveKey } from './kdf.ts';
import type { KeyDigest, Keyslot, LuksVolume } from './volume.ts';

/**
 * The volume key that a passphrase gets out of a key slot, right or wrong: LUKS2 §3.2, LUKS1 §3.2. Only the digest tells.
 * @param aside see {@link deriveKey}.
 */
export async function candidateKey({ image }: LuksVolume, slot: Keyslot, passphrase: Uint8Array, aside: boolean): Promise<Uint8Array> {
  const areaKey = await deriveKey(slot.kdf, passphrase, slot.area.keyBytes, aside);
  const stripes = sectorCipher(slot.area.cipher, areaKey).decrypt(image.read(slot.area.offset, materialBytes(slot)), 0);
  return afMerge(stripes.subarray(0, slot.keyBytes * slot.stripes), slot.stripes, slot.afHash);
}

/** The stripes up to a whole sector: the rest of the area is padding. */
export const materialBytes = (slot: Keyslot): number => Math.ceil((slot.keyBytes * slot.stripes) / 512) * 512;

export async function fitsDigest({ hash, salt, iterations, digest }: KeyDigest, volumeKey: Uint8Array): Promise<boolean> {
  return equal(await derivePbkdf2(hash, volumeKey, salt, iterations, digest.length), digest);
}
