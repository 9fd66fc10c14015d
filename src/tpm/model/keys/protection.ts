import { concat, DecodeError, decode, encode, Reader, sameBytes } from '../../../bytes/index.ts';
import {
  decryptCfb,
  digest,
  encryptCfb,
  equal,
  hmac,
  kdfA,
  kdfE,
  oaepLabel,
  padOaep,
  type RandomBytes,
  rsaPrivate,
  rsaPublic,
  toInteger,
  unpadOaep,
} from '../../../crypto/index.ts';
import { Refusal, rcOfFault, refuse } from '../../refusal.ts';
import { EMPTY, type SymDefObject } from '../../session-crypto.ts';
import {
  blockBytes,
  cipherOf,
  digestBytes,
  hashName,
  TPM_ALG,
  TPM_RC,
  TPM2B_DIGEST,
  TPM2B_IV,
  TPM2B_SENSITIVE,
  TPMS_ECC_POINT,
  type TPMT_PUBLIC,
  type TPMT_SENSITIVE,
} from '../../wire/index.ts';
import { eccMultiplyX, eccPrivateKey, eccPublicPoint, rsaPrivateKey, rsaPublicKey } from '../crypto/key-crypto.ts';
import type { KeyObject } from '../state.ts';
import { symmetricOf } from './object-checks.ts';

// Part 1 §22 and §23: how sensitive areas leave the TPM. Owners who duplicate keys for import use the same functions.

/** Whose algorithms and seed protect: a parent's, or a new parent's with a one-time seed. */
interface Protector {
  readonly nameAlg: number;
  readonly symmetric: SymDefObject;
  readonly seed: Uint8Array;
}

export function protectorOf(parent: TPMT_PUBLIC, seed: Uint8Array): Protector {
  const symmetric = symmetricOf(parent);
  if (!symmetric || symmetric.algorithm === TPM_ALG.NULL) throw new RangeError('the parent has no symmetric algorithm');
  return { nameAlg: parent.nameAlg, symmetric, seed };
}

const keyFor = ({ nameAlg, symmetric, seed }: Protector, name: Uint8Array): Uint8Array => {
  const bits = symmetric.algorithm === TPM_ALG.NULL ? 0 : symmetric.keyBits;
  return kdfA(hashName(nameAlg), seed, 'STORAGE', name, EMPTY, bits);
};
const integrityOf = ({ nameAlg, seed }: Protector, name: Uint8Array, data: Uint8Array): Uint8Array => {
  const key = kdfA(hashName(nameAlg), seed, 'INTEGRITY', EMPTY, EMPTY, digestBytes(nameAlg) * 8);
  return hmac(hashName(nameAlg), key, data, name);
};

/** Encrypts, and puts an HMAC over the result and the object's Name in front. Without an IV of its own it is zero (duplication). */
export function wrapOuter(protector: Protector, name: Uint8Array, data: Uint8Array, iv: Uint8Array | null): Uint8Array {
  const block = blockBytes(protector.symmetric.algorithm);
  const encrypted = encryptCfb(keyFor(protector, name), iv ?? new Uint8Array(block), data, cipherOf(protector.symmetric.algorithm));
  const body = iv ? concat(encode(TPM2B_IV, iv), encrypted) : encrypted;
  return concat(encode(TPM2B_DIGEST, integrityOf(protector, name, body)), body);
}

/** Undoes {@link wrapOuter}. Integrity is checked before anything is decrypted. */
export function unwrapOuter(protector: Protector, name: Uint8Array, wrapped: Uint8Array, hasIv: boolean): Uint8Array {
  const block = blockBytes(protector.symmetric.algorithm);
  const reader = new Reader(wrapped);
  const integrity = unmarshal(() => TPM2B_DIGEST.read(reader));
  const body = reader.rest();
  if (!equal(integrity, integrityOf(protector, name, body))) refuse(TPM_RC.INTEGRITY);
  const inner = new Reader(body);
  const iv = hasIv ? unmarshal(() => TPM2B_IV.read(inner)) : new Uint8Array(block);
  if (iv.length !== block) refuse(TPM_RC.VALUE);
  return decryptCfb(keyFor(protector, name), iv, inner.rest(), cipherOf(protector.symmetric.algorithm));
}

function unmarshal<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof DecodeError) refuse(rcOfFault(error));
    throw error;
  }
}

/**
 * TPM2B_PRIVATE of an object under its parent. The authorization value is padded to the size of the name's digest, so that the
 * blob's length does not tell its length.
 */
export function sensitiveToPrivate(
  parent: KeyObject,
  nameAlg: number,
  name: Uint8Array,
  sensitive: TPMT_SENSITIVE,
  random: RandomBytes,
): Uint8Array {
  const authValue = concat(sensitive.authValue, new Uint8Array(Math.max(0, digestBytes(nameAlg) - sensitive.authValue.length)));
  const protector = protectorOf(parent.publicArea, seedOf(parent));
  return wrapOuter(
    protector,
    name,
    encode(TPM2B_SENSITIVE, { ...sensitive, authValue }),
    random(blockBytes(protector.symmetric.algorithm)),
  );
}

export function privateToSensitive(parent: KeyObject, name: Uint8Array, wrapped: Uint8Array): TPMT_SENSITIVE {
  const bytes = unwrapOuter(protectorOf(parent.publicArea, seedOf(parent)), name, wrapped, true);
  if (bytes.length < 2) refuse(TPM_RC.INSUFFICIENT);
  try {
    return sensitiveOf(bytes);
  } catch (error) {
    if (error instanceof Refusal) refuse(TPM_RC.SENSITIVE);
    throw error;
  }
}

function seedOf(parent: KeyObject): Uint8Array {
  if (!parent.sensitive) throw new RangeError('a parent without its sensitive area');
  return parent.sensitive.seedValue;
}

/** TPMT_SENSITIVE of its TPM2B, which must fill the bytes. */
function sensitiveOf(bytes: Uint8Array): TPMT_SENSITIVE {
  const size = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (bytes.length < 2) refuse(TPM_RC.INSUFFICIENT);
  if (size !== bytes.length - 2) refuse(TPM_RC.SIZE);
  const sensitive = unmarshal(() => decode(TPM2B_SENSITIVE, bytes));
  let length = sensitive.authValue.length;
  while (length > 0 && sensitive.authValue[length - 1] === 0) length--;
  return { ...sensitive, authValue: sensitive.authValue.slice(0, length) };
}

export interface DuplicationInner {
  readonly symmetric: SymDefObject;
  readonly key: Uint8Array;
}

/** Key and IV of the inner wrapper: the IV is zero. */
const innerOf = ({ key, symmetric }: DuplicationInner) => [key, new Uint8Array(blockBytes(symmetric.algorithm))] as const;

/** Part 1 §23.3: inner wrapper (integrity, then symmetric encryption) and outer wrapper (under the new parent's one-time seed), each optional. */
export function sensitiveToDuplicate(
  objectPublic: TPMT_PUBLIC,
  name: Uint8Array,
  sensitive: TPMT_SENSITIVE,
  inner: DuplicationInner | null,
  outer: { readonly parent: TPMT_PUBLIC; readonly seed: Uint8Array } | null,
): Uint8Array {
  const authValue = concat(
    sensitive.authValue,
    new Uint8Array(Math.max(0, digestBytes(objectPublic.nameAlg) - sensitive.authValue.length)),
  );
  let data = encode(TPM2B_SENSITIVE, { ...sensitive, authValue });
  if (inner) {
    const integrity = digest(hashName(objectPublic.nameAlg), data, name);
    data = encryptCfb(...innerOf(inner), concat(encode(TPM2B_DIGEST, integrity), data), cipherOf(inner.symmetric.algorithm));
  }
  return outer ? wrapOuter(protectorOf(outer.parent, outer.seed), name, data, null) : data;
}

export function duplicateToSensitive(
  nameAlg: number,
  name: Uint8Array,
  duplicate: Uint8Array,
  inner: DuplicationInner | null,
  outer: { readonly parent: TPMT_PUBLIC; readonly seed: Uint8Array } | null,
): TPMT_SENSITIVE {
  let data = outer ? unwrapOuter(protectorOf(outer.parent, outer.seed), name, duplicate, false) : duplicate;
  if (inner) {
    const reader = new Reader(decryptCfb(...innerOf(inner), data, cipherOf(inner.symmetric.algorithm)));
    const integrity = unmarshal(() => TPM2B_DIGEST.read(reader));
    data = reader.rest();
    if (!sameBytes(integrity, digest(hashName(nameAlg), data, name))) refuse(TPM_RC.INTEGRITY);
  }
  return sensitiveOf(data);
}

/** What a secret is for: the label that goes into its encryption. */
export type SecretLabel = 'SECRET' | 'DUPLICATE' | 'IDENTITY';

/** A new secret for the holder of a key, and how it travels (Part 1 B.10, C.6). */
export function encryptSecret(key: TPMT_PUBLIC, label: SecretLabel, random: RandomBytes): { secret: Uint8Array; encrypted: Uint8Array } {
  const bits = digestBytes(key.nameAlg) * 8;
  switch (key.type) {
    case TPM_ALG.RSA: {
      const secret = random(bits / 8);
      const block = padOaep(hashName(key.nameAlg), secret, key.unique.length, oaepLabel(label), random);
      return { secret, encrypted: rsaPublic(rsaPublicKey(key), block) };
    }
    case TPM_ALG.ECC: {
      const { curveID } = key.parameters;
      const ephemeral = eccPrivateKey(curveID, random);
      const point = eccPublicPoint(curveID, ephemeral);
      const z = eccMultiplyX(curveID, ephemeral, key.unique);
      if (!point || !z) return refuse(TPM_RC.KEY);
      return { secret: kdfE(hashName(key.nameAlg), z, label, point.x, key.unique.x, bits), encrypted: encode(TPMS_ECC_POINT, point) };
    }
    default:
      return refuse(TPM_RC.KEY);
  }
}

/** The secret that {@link encryptSecret} made for this key. */
export function decryptSecret({ publicArea, sensitive }: KeyObject, label: SecretLabel, encrypted: Uint8Array): Uint8Array {
  if (!sensitive) throw new RangeError('a key without its sensitive area');
  const bytes = digestBytes(publicArea.nameAlg);
  switch (publicArea.type) {
    case TPM_ALG.RSA: {
      const { scheme } = publicArea.parameters;
      if (scheme.scheme !== TPM_ALG.NULL && scheme.scheme !== TPM_ALG.OAEP) refuse(TPM_RC.SCHEME);
      const hashAlg = scheme.scheme === TPM_ALG.OAEP ? scheme.hashAlg : publicArea.nameAlg;
      if (encrypted.length !== publicArea.unique.length) refuse(TPM_RC.SIZE);
      if (toInteger(encrypted) >= toInteger(publicArea.unique)) refuse(TPM_RC.FAILURE);
      const block = rsaPrivate(rsaPrivateKey(publicArea, sensitive.sensitive), encrypted);
      const secret = unpadOaep(hashName(hashAlg), block, oaepLabel(label));
      if (!secret) return refuse(TPM_RC.FAILURE); // libtpms: padding errors are FAILURE
      return secret.length > digestBytes(hashAlg) ? refuse(TPM_RC.VALUE) : secret;
    }
    case TPM_ALG.ECC: {
      const { curveID } = publicArea.parameters;
      const reader = new Reader(encrypted);
      const point = unmarshal(() => TPMS_ECC_POINT.read(reader));
      const z = eccMultiplyX(curveID, sensitive.sensitive, point);
      if (!z) return refuse(TPM_RC.ECC_POINT);
      return kdfE(hashName(publicArea.nameAlg), z, label, point.x, publicArea.unique.x, bytes * 8);
    }
    default:
      return refuse(TPM_RC.TYPE);
  }
}
