import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { plain } from './hash.ts';

type Bits = 128 | 192 | 256;
const aes = (key: Uint8Array, mode: string) => `aes-${(key.length * 8) as Bits}-${mode}`;

/** Block ciphers by the names that TPM 2.0's algorithms have; TDES has two keys or three. */
export type BlockCipher = 'aes' | 'camellia' | 'tdes';

/** What OpenSSL calls a cipher with a key of this length. */
export function cipherName(cipher: BlockCipher, key: Uint8Array, mode: string): string {
  if (cipher === 'tdes') return `${key.length === 16 ? 'des-ede' : 'des-ede3'}-${mode}`;
  return `${cipher}-${key.length * 8}-${mode}`;
}

/** CFB with feedback of a whole block, as TPM 2.0 uses it. */
export function encryptCfb(key: Uint8Array, iv: Uint8Array, data: Uint8Array, cipher: BlockCipher = 'aes'): Uint8Array {
  return plain(createCipheriv(cipherName(cipher, key, 'cfb'), key, iv).update(data));
}

export function decryptCfb(key: Uint8Array, iv: Uint8Array, data: Uint8Array, cipher: BlockCipher = 'aes'): Uint8Array {
  return plain(createDecipheriv(cipherName(cipher, key, 'cfb'), key, iv).update(data));
}

export interface Sealed {
  readonly ciphertext: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
}

type Gcm = 'aes-128-gcm' | 'aes-256-gcm';

/** Key bytes are never changed in place: one import serves all pages of a key. */
const imported = new WeakMap<Uint8Array, KeyObject>();

function keyObject(key: Uint8Array): KeyObject {
  const known = imported.get(key);
  if (known) return known;
  const made = createSecretKey(key);
  imported.set(key, made);
  return made;
}

/** AES-GCM without additional data, 128 or 256-bit key, IV of any length (ESM blobs: 16 bytes, pages: 12). */
export function encryptGcm(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Sealed {
  const cipher = createCipheriv(aes(key, 'gcm') as Gcm, keyObject(key), iv);
  const ciphertext = plain(cipher.update(data));
  cipher.final();
  return { ciphertext, tag: plain(cipher.getAuthTag()) };
}

/** The plaintext, or null when the tag does not fit. `unchecked`: without a look at the tag, for firmware that leaves it out. */
export function decryptGcm(key: Uint8Array, iv: Uint8Array, { ciphertext, tag }: Sealed, unchecked = false): Uint8Array | null {
  const decipher = createDecipheriv(aes(key, 'gcm') as Gcm, keyObject(key), iv, { authTagLength: 16 });
  decipher.setAuthTag(tag);
  const plaintext = plain(decipher.update(ciphertext));
  if (unchecked) return plaintext;
  try {
    decipher.final();
  } catch {
    return null; // node:crypto's only complaint here: the tag does not authenticate the data
  }
  return plaintext;
}
