import { concat, sameBytes } from '../../../bytes/index.ts';
import { digest, mgf1, type RandomBytes, rsaPrivate, rsaPublic, toInteger, xor } from '../../../crypto/index.ts';
import { refuse } from '../../refusal.ts';
import { digestBytes, hashName, type RsaPublic, TPM_ALG, TPM_RC } from '../../wire/index.ts';
import { rsaPrivateKey, rsaPublicKey } from './key-crypto.ts';

// Part 1 Annex B.5 and B.6, RFC 8017 §8 and §9: RSASSA-PKCS1-v1_5 and RSASSA-PSS over a digest that is made already.

/** DigestInfo up to the digest (RFC 8017 §9.2 note 1). */
const OID: Readonly<Record<number, readonly number[]>> = {
  [TPM_ALG.SHA1]: [0x2b, 0x0e, 0x03, 0x02, 0x1a],
  [TPM_ALG.SHA256]: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
  [TPM_ALG.SHA384]: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02],
  [TPM_ALG.SHA512]: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03],
};

function digestInfo(hash: number, hashed: Uint8Array): Uint8Array {
  const oid = OID[hash] ?? [];
  const size = digestBytes(hash);
  const head = [0x30, oid.length + size + 8, 0x30, oid.length + 4, 0x06, oid.length, ...oid, 0x05, 0x00, 0x04, size];
  return concat(Uint8Array.from(head), hashed);
}

function encodePkcs1(hash: number, hashed: Uint8Array, size: number): Uint8Array {
  if (hashed.length !== digestBytes(hash)) refuse(TPM_RC.VALUE);
  const info = digestInfo(hash, hashed);
  const filler = size - info.length - 3;
  if (filler < 8) refuse(TPM_RC.SIZE);
  return concat(Uint8Array.of(0, 1), new Uint8Array(filler).fill(0xff), Uint8Array.of(0), info);
}

const pssHash = (hash: number, hashed: Uint8Array, salt: Uint8Array): Uint8Array => digest(hashName(hash), new Uint8Array(8), hashed, salt);
const TRAILER = 0xbc;

/** EMSA-PSS with a salt as long as the digest, or as long as there is room. The modulus has a multiple of 8 bits. */
function encodePss(hash: number, hashed: Uint8Array, size: number, random: RandomBytes): Uint8Array {
  const dbBytes = size - digestBytes(hash) - 1;
  const salt = random(Math.min(dbBytes - 1, digestBytes(hash)));
  const h = pssHash(hash, hashed, salt);
  const db = new Uint8Array(dbBytes);
  db[dbBytes - salt.length - 1] = 1;
  db.set(salt, dbBytes - salt.length);
  const masked = xor(db, mgf1(hashName(hash), h, dbBytes));
  masked[0] = (masked[0] ?? 0) & 0x7f;
  return concat(masked, h, Uint8Array.of(TRAILER));
}

/** libtpms takes a salt of any length. */
function pssHolds(hash: number, hashed: Uint8Array, block: Uint8Array): boolean {
  const dbBytes = block.length - digestBytes(hash) - 1;
  if (dbBytes < 1 || ((block[0] ?? 0) & 0x80) !== 0 || block.at(-1) !== TRAILER) return false;
  const h = block.subarray(dbBytes, block.length - 1);
  const db = xor(block.subarray(0, dbBytes), mgf1(hashName(hash), h, dbBytes));
  db[0] = (db[0] ?? 0) & 0x7f;
  const one = db.findIndex(byte => byte !== 0);
  return one >= 0 && db[one] === 1 && sameBytes(pssHash(hash, hashed, db.subarray(one + 1)), h);
}

/** Refuses with SCHEME, VALUE or SIZE. */
export function signRsa(
  publicArea: RsaPublic,
  prime: Uint8Array,
  scheme: number,
  hash: number,
  hashed: Uint8Array,
  random: RandomBytes,
): Uint8Array {
  const size = publicArea.unique.length;
  const block =
    scheme === TPM_ALG.RSASSA
      ? encodePkcs1(hash, hashed, size)
      : scheme === TPM_ALG.RSAPSS
        ? encodePss(hash, hashed, size, random)
        : refuse(TPM_RC.SCHEME);
  return rsaPrivate(rsaPrivateKey(publicArea, prime), block);
}

export function rsaSignatureHolds(publicArea: RsaPublic, scheme: number, hash: number, hashed: Uint8Array, signature: Uint8Array): boolean {
  const size = publicArea.unique.length;
  if (signature.length !== size || toInteger(signature) >= toInteger(publicArea.unique)) return false;
  const block = rsaPublic(rsaPublicKey(publicArea), signature);
  if (scheme === TPM_ALG.RSAPSS) return pssHolds(hash, hashed, block);
  return hashed.length === digestBytes(hash) && sameBytes(block, encodePkcs1(hash, hashed, size));
}
