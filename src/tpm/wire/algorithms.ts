import type { BlockCipher, HashName } from '../../crypto/index.ts';
import { TPM_ALG, TPM_ECC } from './constants.ts';

export type HashId = (typeof TPM_ALG)['SHA1' | 'SHA256' | 'SHA384' | 'SHA512'];
/** A hash that this TPM has. */
export interface HashAlgorithm {
  readonly id: HashId;
  readonly name: HashName;
  readonly digestBytes: number;
  readonly blockBytes: number;
}

/** What this TPM can hash with; PCR banks come in this order too. */
export const HASHES: readonly HashAlgorithm[] = [
  { id: TPM_ALG.SHA1, name: 'sha1', digestBytes: 20, blockBytes: 64 },
  { id: TPM_ALG.SHA256, name: 'sha256', digestBytes: 32, blockBytes: 64 },
  { id: TPM_ALG.SHA384, name: 'sha384', digestBytes: 48, blockBytes: 128 },
  { id: TPM_ALG.SHA512, name: 'sha512', digestBytes: 64, blockBytes: 128 },
];
const HASH_BY_ID: ReadonlyMap<number, HashAlgorithm> = new Map(HASHES.map(hash => [hash.id, hash]));

/** The hash of an algorithm number; asking for one that is none is our bug. */
export function hashOf(id: number): HashAlgorithm {
  const hash = HASH_BY_ID.get(id);
  if (!hash) throw new RangeError(`0x${id.toString(16)} is no hash of this TPM`);
  return hash;
}
/** The same number, known to be a hash's. */
export const hashId = (id: number): HashId => hashOf(id).id;
export const isHash = (id: number): boolean => HASH_BY_ID.has(id);
/** Bytes of a digest; 0 for TPM_ALG_NULL and strangers, as the checks of Part 3 count. */
export const digestBytes = (id: number): number => HASH_BY_ID.get(id)?.digestBytes ?? 0;
/** The name node:crypto knows the hash by. */
export const hashName = (id: number): HashName => hashOf(id).name;
export const LARGEST_DIGEST = 64;

/** Block ciphers with the key sizes that libtpms knows; which of them a TPM takes is its generation's matter. */
export const CIPHERS: readonly {
  readonly id: number;
  readonly name: BlockCipher;
  readonly keyBits: readonly number[];
  readonly blockBytes: number;
}[] = [
  { id: TPM_ALG.TDES, name: 'tdes', keyBits: [128, 192], blockBytes: 8 },
  { id: TPM_ALG.AES, name: 'aes', keyBits: [128, 192, 256], blockBytes: 16 },
  { id: TPM_ALG.CAMELLIA, name: 'camellia', keyBits: [128, 192, 256], blockBytes: 16 },
];
export const blockBytes = (id: number): number => CIPHERS.find(cipher => cipher.id === id)?.blockBytes ?? 0;
/** The cipher of an algorithm number; asking for one that is none is our bug. */
export function cipherOf(id: number): BlockCipher {
  const cipher = CIPHERS.find(candidate => candidate.id === id);
  if (!cipher) throw new RangeError(`0x${id.toString(16)} is no block cipher of this TPM`);
  return cipher.name;
}

export const RSA_KEY_BITS = [1024, 2048, 3072] as const;
export const RSA_DEFAULT_EXPONENT = 65537;

/** A curve that this TPM computes on; `name` is OpenSSL's, null when it does not know the curve. */
export interface Curve {
  readonly id: number;
  readonly name: string | null;
  readonly keyBits: number;
  readonly bytes: number;
  /** Order of the base point. */
  readonly order: bigint;
}
export const CURVES: readonly Curve[] = [
  {
    id: TPM_ECC.NIST_P192,
    name: 'prime192v1',
    keyBits: 192,
    bytes: 24,
    order: 0xffffffffffffffffffffffff99def836146bc9b1b4d22831n,
  },
  {
    id: TPM_ECC.NIST_P224,
    name: 'secp224r1',
    keyBits: 224,
    bytes: 28,
    order: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  },
  {
    id: TPM_ECC.NIST_P256,
    name: 'prime256v1',
    keyBits: 256,
    bytes: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  {
    id: TPM_ECC.NIST_P384,
    name: 'secp384r1',
    keyBits: 384,
    bytes: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  {
    id: TPM_ECC.NIST_P521,
    name: 'secp521r1',
    keyBits: 521,
    bytes: 66,
    order:
      0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
  {
    id: TPM_ECC.BN_P256,
    name: null,
    keyBits: 256,
    bytes: 32,
    order: 0xfffffffffffcf0cd46e5f25eee71a49e0cdc65fb1299921af62d536cd10b500dn,
  },
  {
    id: TPM_ECC.BN_P638,
    name: null,
    keyBits: 638,
    bytes: 80,
    order:
      0x23fffffdc000000d7fffffb8000001d3fffff942d000165e3fff94870000d52ffffdd0e00008de55600086550021e555fffff54ffff4eac000000049800154d9ffffffffffffeda00000000000000061n,
  },
  {
    id: TPM_ECC.SM2_P256,
    name: 'SM2',
    keyBits: 256,
    bytes: 32,
    order: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  },
];
/** The curve of a number; asking for one that is none is our bug (unmarshalling refuses it). */
export function curveOf(id: number): Curve {
  const curve = CURVES.find(candidate => candidate.id === id);
  if (!curve) throw new RangeError(`0x${id.toString(16)} is no curve of this TPM`);
  return curve;
}
