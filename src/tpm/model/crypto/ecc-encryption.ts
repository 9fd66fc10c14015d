import { concat } from '../../../bytes/index.ts';
import { digest, equal, type HashName, kdf2, type RandomBytes, xor } from '../../../crypto/index.ts';
import type { TPMS_ECC_POINT } from '../../wire/index.ts';
import { eccMultiply } from './ecc-points.ts';
import { eccPrivateKey, eccPublicPoint } from './key-crypto.ts';

// Part 1 C.8 (revision 1.83), libtpms-0-10 src/tpm2/crypto/openssl/CryptEccCrypt.c: an ephemeral point, the text under a mask from the shared point, and a digest.

export interface EccCiphertext {
  readonly C1: TPMS_ECC_POINT;
  readonly C2: Uint8Array;
  readonly C3: Uint8Array;
}

const mask = (hash: HashName, { x, y }: TPMS_ECC_POINT, text: Uint8Array): Uint8Array => xor(text, kdf2(hash, concat(x, y), text.length));
const check = (hash: HashName, { x, y }: TPMS_ECC_POINT, text: Uint8Array): Uint8Array => digest(hash, x, text, y);

/** Null when the key's point is not on the curve. */
export function eccEncrypt(
  curveID: number,
  hash: HashName,
  key: TPMS_ECC_POINT,
  text: Uint8Array,
  random: RandomBytes,
): EccCiphertext | null {
  const d = eccPrivateKey(curveID, random);
  const C1 = eccPublicPoint(curveID, d);
  const shared = eccMultiply(curveID, d, key);
  return C1 && shared && { C1, C2: mask(hash, shared, text), C3: check(hash, shared, text) };
}

/** Null when the digest is not that of what comes out. */
export function eccDecrypt(curveID: number, hash: HashName, key: Uint8Array, { C1, C2, C3 }: EccCiphertext): Uint8Array | null {
  const shared = eccMultiply(curveID, key, C1);
  if (!shared) return null;
  const text = mask(hash, shared, C2);
  return equal(check(hash, shared, text), C3) ? text : null;
}
