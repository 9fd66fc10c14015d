export { type BlockCipher, cipherName, decryptCfb, decryptGcm, encryptCfb, encryptGcm } from './cipher.ts';
export { DIGEST_BYTES, digest, equal, type HashName, hmac } from './hash.ts';
export { fromInteger, gcd, modInverse, toInteger } from './integer.ts';
export { kdf2, kdfA, kdfE, mgf1 } from './kdf.ts';
export {
  generateRsa,
  oaepLabel,
  padOaep,
  padPkcs1,
  privateKeyObject,
  publicKeyObject,
  type RandomBytes,
  type RsaKey,
  rejectedPkcs1,
  rsaKeyOf,
  rsaPrivate,
  rsaPublic,
  unpadOaep,
  unpadPkcs1,
  xor,
} from './rsa.ts';
