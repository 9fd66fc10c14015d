import { concat, sameBytes } from '../../../bytes/index.ts';
import { digest } from '../../../crypto/index.ts';
import { refuse } from '../../refusal.ts';
import {
  curveOf,
  digestBytes,
  has,
  hashName,
  hashOf,
  TPM_ALG,
  TPM_RC,
  TPMA_OBJECT,
  type TPMT_PUBLIC,
  type TPMT_SENSITIVE,
} from '../../wire/index.ts';
import { eccIsOnCurve, eccPublicPoint, rsaPrivateKey } from '../crypto/key-crypto.ts';
import { isGoodTdesKey } from '../crypto/tdes.ts';

// Part 1 §27.7, Part 4 CryptValidateKeys: public and sensitive parts must be well made and belong together.

/** The unique field of symmetric objects: H(seed ‖ sensitive). */
export const symmetricUnique = (nameAlg: number, sensitive: TPMT_SENSITIVE): Uint8Array =>
  digest(hashName(nameAlg), sensitive.seedValue, sensitive.sensitive);

/** `blamePublic` and `blameSensitive` put the parameter's number to a code. */
export function checkKeys(
  publicArea: TPMT_PUBLIC,
  sensitive: TPMT_SENSITIVE | null,
  blamePublic: (rc: number) => number,
  blameSensitive: (rc: number) => number,
): void {
  const bytes = digestBytes(publicArea.nameAlg);
  if (sensitive) {
    if (publicArea.type !== sensitive.sensitiveType) refuse(blameSensitive(TPM_RC.TYPE));
    if (bytes > 0 && sensitive.authValue.length > bytes) refuse(blameSensitive(TPM_RC.SIZE));
  }
  switch (publicArea.type) {
    case TPM_ALG.RSA:
      checkRsa(publicArea, sensitive, blamePublic, blameSensitive);
      break;
    case TPM_ALG.ECC:
      checkEcc(publicArea, sensitive, blamePublic);
      break;
    default:
      checkSymmetric(publicArea, sensitive, blamePublic, blameSensitive);
  }
  const parent = has(publicArea.objectAttributes, TPMA_OBJECT.bit.restricted | TPMA_OBJECT.bit.decrypt);
  if (parent && sensitive && bytes > 0) {
    const seedBytes = sensitive.seedValue.length;
    if (seedBytes < bytes / 2 || seedBytes > bytes) refuse(blameSensitive(TPM_RC.SIZE));
  }
}

type Blame = (rc: number) => number;
type Area<T extends number> = Extract<TPMT_PUBLIC, { type: T }>;

function checkRsa(publicArea: Area<typeof TPM_ALG.RSA>, sensitive: TPMT_SENSITIVE | null, blamePublic: Blame, blameSensitive: Blame): void {
  const { unique, parameters } = publicArea;
  const keyBytes = parameters.keyBits / 8;
  if (unique.length !== keyBytes || (unique[0] ?? 0) < 0x80) refuse(blamePublic(TPM_RC.KEY));
  if (parameters.exponent !== 0 && parameters.exponent < 7) refuse(blamePublic(TPM_RC.VALUE));
  if (!sensitive) return;
  const prime = sensitive.sensitive;
  if (prime.length * 2 !== keyBytes || (prime[0] ?? 0) < 0x80) refuse(blameSensitive(TPM_RC.KEY_SIZE));
  try {
    rsaPrivateKey(publicArea, prime);
  } catch (error) {
    if (error instanceof RangeError || isOpenSslError(error)) refuse(TPM_RC.BINDING); // p does not divide n, or e has no inverse
    throw error;
  }
}

/** OpenSSL refuses numbers that make no key. */
const isOpenSslError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^ERR_(OSSL|CRYPTO)_/.test(error.code);

function checkEcc(publicArea: Area<typeof TPM_ALG.ECC>, sensitive: TPMT_SENSITIVE | null, blamePublic: Blame): void {
  const {
    parameters: { curveID },
    unique,
  } = publicArea;
  const named = publicArea.nameAlg !== TPM_ALG.NULL;
  const { bytes } = curveOf(curveID);
  if (!sensitive) {
    if (unique.x.length !== bytes || unique.y.length !== bytes) refuse(blamePublic(TPM_RC.KEY));
    if (named && !eccIsOnCurve(curveID, unique)) refuse(blamePublic(TPM_RC.ECC_POINT));
    return;
  }
  const point = eccPublicPoint(curveID, sensitive.sensitive);
  if (!point) refuse(TPM_RC.KEY_SIZE);
  if (named && !(sameNumber(point.x, unique.x) && sameNumber(point.y, unique.y))) refuse(TPM_RC.BINDING);
}

/** Coordinates may come with more or fewer zeros in front. */
function sameNumber(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.max(a.length, b.length);
  const pad = (bytes: Uint8Array) => concat(new Uint8Array(length - bytes.length), bytes);
  return sameBytes(pad(a), pad(b));
}

/** What is wrong with the key of a cipher (CryptSymKeyValidate); null if nothing. */
export function symmetricKeyFault(sym: { readonly algorithm: number; readonly keyBits: number }, key: Uint8Array): number | null {
  if (key.length !== sym.keyBits / 8) return TPM_RC.KEY_SIZE;
  return sym.algorithm === TPM_ALG.TDES && !isGoodTdesKey(key) ? TPM_RC.KEY : null;
}

function checkSymmetric(
  publicArea: Area<typeof TPM_ALG.KEYEDHASH | typeof TPM_ALG.SYMCIPHER>,
  sensitive: TPMT_SENSITIVE | null,
  blamePublic: Blame,
  blameSensitive: Blame,
): void {
  const bytes = digestBytes(publicArea.nameAlg);
  if (!sensitive) {
    if (publicArea.unique.length !== bytes) refuse(blamePublic(TPM_RC.KEY));
    return;
  }
  if (publicArea.type === TPM_ALG.SYMCIPHER) {
    const { sym } = publicArea.parameters;
    const fault = symmetricKeyFault(sym, sensitive.sensitive);
    if (fault !== null) refuse(blameSensitive(fault));
  } else {
    const { scheme } = publicArea.parameters;
    const max = scheme.scheme === TPM_ALG.NULL || scheme.hashAlg === TPM_ALG.NULL ? 128 : hashOf(scheme.hashAlg).blockBytes;
    if (sensitive.sensitive.length > max) refuse(blameSensitive(TPM_RC.KEY_SIZE));
  }
  if (bytes === 0) return;
  if (sensitive.seedValue.length !== 0 && sensitive.seedValue.length !== bytes) refuse(blameSensitive(TPM_RC.KEY_SIZE));
  if (!sameBytes(publicArea.unique, symmetricUnique(publicArea.nameAlg, sensitive))) refuse(TPM_RC.BINDING);
}
