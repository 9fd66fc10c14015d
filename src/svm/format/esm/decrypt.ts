import { constants, type KeyObject, privateDecrypt } from 'node:crypto';
import { decryptGcm, encryptGcm, equal } from '../../../crypto/index.ts';
import type { Encrypted } from './as-ultravisor.ts';

/** AES key sizes; the Ultravisor takes the lockbox's length as it is (tss/tss20.c). */
const AES_KEY_BYTES: readonly number[] = [16, 24, 32];
const TAG_BYTES = 16;

/** Whether bytes have the length of an AES key. */
export const isAesKey = (key: Uint8Array): boolean => AES_KEY_BYTES.includes(key.length);

/** RSA-OAEP with SHA-256, MGF1 with SHA-256 and an empty label: what a lockbox holds. Null when the key does not open it. */
export function openOaep(encrypted: Uint8Array, key: KeyObject): Uint8Array | null {
  try {
    const opened = privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, encrypted);
    return new Uint8Array(opened);
  } catch (error) {
    // OpenSSL: wrong padding, or a number that is no ciphertext of this modulus. Anything else is our bug.
    if (String((error as { code?: unknown }).code).startsWith('ERR_OSSL_')) return null;
    throw error;
  }
}

/** The plaintext of a sealed item, or null when the tag, the IV or the key cannot be right. */
export function openGcm({ iv, mac, ciphertext }: Encrypted, key: Uint8Array, unchecked = false): Uint8Array | null {
  if (!isAesKey(key) || iv.length === 0 || mac.length !== TAG_BYTES) return null;
  return decryptGcm(key, iv, { ciphertext, tag: mac }, unchecked);
}

/** The shortest tag that the published firmware's GCM takes (mbed TLS mbedtls_gcm_auth_decrypt). */
const SHORTEST_TAG_BYTES = 4;

/** The same where a tag may be shortened: as many of its first bytes are compared as there are. */
export function openGcmShortTag({ iv, mac, ciphertext }: Encrypted, key: Uint8Array): Uint8Array | null {
  if (!isAesKey(key) || iv.length === 0 || mac.length < SHORTEST_TAG_BYTES || mac.length > TAG_BYTES) return null;
  const plaintext = decryptGcm(key, iv, { ciphertext, tag: new Uint8Array(TAG_BYTES) }, true);
  if (!plaintext) return null;
  const { tag } = encryptGcm(key, iv, plaintext);
  return equal(tag.subarray(0, mac.length), mac) ? plaintext : null;
}
