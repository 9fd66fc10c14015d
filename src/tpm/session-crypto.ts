import type { Value } from '../bytes/index.ts';
import { concat } from '../bytes/index.ts';
import { decryptCfb, digest, encryptCfb, hmac, kdfA, xor } from '../crypto/index.ts';
import { blockBytes, cipherOf, digestBytes, hashName, TPM_ALG, type TPMT_SYM_DEF, type TPMT_SYM_DEF_OBJECT } from './wire/index.ts';

// Part 1 §18 and §19: what both ends of a session compute. The TPM and its clients use the same functions, on plain values.

export type SymDef = Value<typeof TPMT_SYM_DEF>;
export type SymDefObject = Value<typeof TPMT_SYM_DEF_OBJECT>;
export const EMPTY = new Uint8Array(0);
export const u8 = (value: number): Uint8Array => Uint8Array.of(value);
export const u16 = (value: number): Uint8Array => Uint8Array.of(value >>> 8, value);
export const u32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

/** An authorization value without the zeros at its end (Part 1 §17.6.4.3): with or without, it is the same value. */
export function withoutTrailingZeros(auth: Uint8Array): Uint8Array {
  let length = auth.length;
  while (length > 0 && auth[length - 1] === 0) length--;
  return length === auth.length ? auth : auth.slice(0, length);
}

/** Part 1 §16.7: over code, Names and parameters as they are sent, encrypted ones as ciphertext. */
export const commandDigest = (hash: number, code: number, names: readonly Uint8Array[], parameters: Uint8Array): Uint8Array =>
  digest(hashName(hash), u32(code), ...names, parameters);
/** Part 1 §16.8. */
export const responseDigest = (hash: number, rc: number, code: number, parameters: Uint8Array): Uint8Array =>
  digest(hashName(hash), u32(rc), u32(code), parameters);

/**
 * Part 1 §19.6.8. Neither bound nor salted means no session key at all, not a key made of empty inputs; bound to an entity with
 * an empty authorization value does give a key.
 */
export function sessionKey(
  hash: number,
  secret: { bindAuth?: Uint8Array; salt?: Uint8Array } | null,
  nonceTPM: Uint8Array,
  nonceCaller: Uint8Array,
): Uint8Array {
  if (!secret) return EMPTY;
  const key = concat(secret.bindAuth ?? EMPTY, secret.salt ?? EMPTY);
  return kdfA(hashName(hash), key, 'ATH', nonceTPM, nonceCaller, digestBytes(hash) * 8);
}

/** Part 1 §19.6.5: the HMAC of one session of a command or response. `extra`: nonceTPM of decrypt and encrypt sessions, first session only. */
export function sessionHmac(
  hash: number,
  key: Uint8Array,
  pHash: Uint8Array,
  nonceNewer: Uint8Array,
  nonceOlder: Uint8Array,
  extra: Uint8Array,
  attributes: number,
): Uint8Array {
  return hmac(hashName(hash), key, pHash, nonceNewer, nonceOlder, extra, u8(attributes));
}

/** Part 1 §21: en- or decrypts the contents of a first parameter. `key`: session key and authorization value, one after the other. */
export function cryptParameter(
  direction: 'encrypt' | 'decrypt',
  hash: number,
  symmetric: SymDef,
  key: Uint8Array,
  nonceNewer: Uint8Array,
  nonceOlder: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  if (symmetric.algorithm === TPM_ALG.NULL) throw new RangeError('the session has no symmetric algorithm');
  if (symmetric.algorithm === TPM_ALG.XOR) {
    // libtpms masks with the session's hash, whatever hash the definition names.
    return xor(data, kdfA(hashName(hash), key, 'XOR', nonceNewer, nonceOlder, data.length * 8));
  }
  const keyBytes = symmetric.keyBits / 8;
  const ivBytes = blockBytes(symmetric.algorithm);
  const keyAndIv = kdfA(hashName(hash), key, 'CFB', nonceNewer, nonceOlder, (keyBytes + ivBytes) * 8);
  const crypt = direction === 'encrypt' ? encryptCfb : decryptCfb;
  return crypt(keyAndIv.subarray(0, keyBytes), keyAndIv.subarray(keyBytes), data, cipherOf(symmetric.algorithm));
}

/** The parameters with the contents of the first TPM2B exchanged; null when there is no whole TPM2B. */
export function exchangeFirst(parameters: Uint8Array, crypt: (data: Uint8Array) => Uint8Array): Uint8Array | null {
  if (parameters.length < 2) return null;
  const size = ((parameters[0] ?? 0) << 8) | (parameters[1] ?? 0);
  if (size > parameters.length - 2) return null;
  const out = parameters.slice();
  out.set(crypt(out.subarray(2, 2 + size)), 2);
  return out;
}
