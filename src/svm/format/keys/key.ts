import { createPublicKey, type KeyObject } from 'node:crypto';
import { privateKeyObject, publicKeyObject, type RsaKey, rsaKeyOf } from '../../../crypto/index.ts';
import { fingerprintOf } from '../esm/fingerprint.ts';

/** The public half of a lockbox's key pair. */
export interface EsmPublicKey {
  readonly n: Uint8Array;
  readonly e: number;
  readonly key: KeyObject;
  /** SHA-256 of the canonical SPKI PEM: the fingerprint that a private key can be matched to. */
  readonly fingerprint: Uint8Array;
  /**
   * SHA-256 of the file it came from, when it was a file: what svm-tool writes into the lockbox. It differs from `fingerprint` when
   * the file is not canonical (CRLF, PKCS#1, no final newline).
   */
  readonly fileFingerprint?: Uint8Array;
}

export interface EsmPrivateKey extends EsmPublicKey {
  readonly privateKey: KeyObject;
}

export function publicKeyOf(n: Uint8Array, e: number): EsmPublicKey {
  const key = publicKeyObject(n, e);
  return { n, e, key, fingerprint: fingerprintOf(key) };
}

/** @throws {RangeError} when p does not divide n, or the KeyObject is no RSA private key. */
export function privateKeyOf(given: RsaKey | KeyObject): EsmPrivateKey {
  const isKey = 'n' in given;
  const privateKey = isKey ? privateKeyObject(given) : given;
  const { n, e } = isKey ? given : rsaKeyOf(given);
  const key = createPublicKey(privateKey);
  return { n, e, key, privateKey, fingerprint: fingerprintOf(key) };
}
