import type { Value } from '../../../bytes/index.ts';
import { equal, hmac } from '../../../crypto/index.ts';
import { refuse } from '../../refusal.ts';
import {
  has,
  hashId,
  hashName,
  isHash,
  TPM_ALG,
  TPM_RC,
  TPMA_OBJECT,
  type TPMT_SIG_SCHEME,
  type TPMT_SIGNATURE,
  type TPMT_SIGNATURE_NULL,
} from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { eccSignatureHolds, signEcdaa, signEcdsa, signSchnorr, signSm2 } from '../crypto/ecc-signatures.ts';
import { rsaSignatureHolds, signRsa } from '../crypto/rsa-signatures.ts';
import { isAsymSignScheme } from '../keys/object-checks.ts';
import type { KeyObject } from '../state.ts';
import { committedNumber, endCommit } from './commit.ts';

// Part 1 §11.4, Part 4 CryptSign and CryptValidateSignature: what signs, with which scheme. Codes without a number.

export type SigScheme = Value<typeof TPMT_SIG_SCHEME>;
export type Signature = Value<typeof TPMT_SIGNATURE>;
export type SignatureOrNone = Value<typeof TPMT_SIGNATURE_NULL>;
const NO_SIGNATURE: SignatureOrNone = { sigAlg: TPM_ALG.NULL };

/** A scheme that was settled: algorithm and hash. */
export interface Chosen {
  readonly scheme: number;
  readonly hashAlg: number;
  /** Which commitment a scheme in two steps goes on from. */
  readonly count?: number;
}

/** A key that may sign (IsSigningObject). */
export const isSigner = ({ publicArea }: KeyObject): boolean =>
  has(publicArea.objectAttributes, TPMA_OBJECT.bit.sign) && publicArea.type !== TPM_ALG.SYMCIPHER;

const chosen = (of: object & { readonly scheme: number }): Chosen => ({
  scheme: of.scheme,
  hashAlg: 'hashAlg' in of ? (of.hashAlg as number) : TPM_ALG.NULL,
  ...('count' in of ? { count: of.count as number } : {}),
});

/** The key's scheme, or else the caller's; both must be the same, and one that the key can do. Null when there is none (CryptSelectSignScheme). */
export function selectScheme(key: KeyObject, given: SigScheme): Chosen | null {
  const settled = settledScheme(key, given);
  return settled && canSign(key.publicArea.type, settled) ? settled : null;
}

/** CryptIsValidSignScheme. */
const canSign = (type: number, { scheme, hashAlg }: Chosen): boolean =>
  (type === TPM_ALG.KEYEDHASH ? scheme === TPM_ALG.HMAC : isAsymSignScheme(type, scheme)) && isHash(hashAlg);

function settledScheme({ publicArea }: KeyObject, given: SigScheme): Chosen | null {
  if (publicArea.type === TPM_ALG.SYMCIPHER) return null;
  const own = chosen(publicArea.type === TPM_ALG.KEYEDHASH ? publicArea.parameters.scheme : publicArea.parameters.scheme);
  const wanted = chosen(given);
  if (own.scheme === TPM_ALG.NULL) return wanted.scheme === TPM_ALG.NULL ? null : wanted;
  // A scheme in two steps needs the number of its first step, which only the caller knows.
  if (wanted.scheme === TPM_ALG.NULL) return own.scheme === TPM_ALG.ECDAA ? null : own;
  return own.scheme === wanted.scheme && own.hashAlg === wanted.hashAlg ? wanted : null;
}

/** The signature of a key over a digest. Refuses with SCHEME, VALUE or SIZE. */
export function sign(
  tpm: Core,
  { publicArea, sensitive, name }: KeyObject,
  { scheme, hashAlg, count }: Chosen,
  digest: Uint8Array,
): Signature {
  if (!sensitive) throw new RangeError('a signing key without its sensitive area');
  switch (publicArea.type) {
    case TPM_ALG.RSA: {
      const sig = signRsa(publicArea, sensitive.sensitive, scheme, hashAlg, digest, tpm.bytes);
      return { sigAlg: scheme, hash: hashAlg, sig } as Signature;
    }
    case TPM_ALG.ECC:
      return signEcc(tpm, publicArea.parameters.curveID, sensitive.sensitive, name, { scheme, hashAlg, count: count ?? 0 }, digest);
    case TPM_ALG.KEYEDHASH:
      if (scheme !== TPM_ALG.HMAC) return refuse(TPM_RC.SCHEME);
      return { sigAlg: TPM_ALG.HMAC, hmac: { hashAlg: hashId(hashAlg), digest: hmac(hashName(hashAlg), sensitive.sensitive, digest) } };
    default:
      return refuse(TPM_RC.SCHEME);
  }
}

function signEcc(
  tpm: Core,
  curveID: number,
  d: Uint8Array,
  name: Uint8Array,
  { scheme, hashAlg, count }: Required<Chosen>,
  hashed: Uint8Array,
): Signature {
  const signing = { curveID, d, hashAlg, hashed, random: tpm.bytes };
  const hash = hashAlg;
  switch (scheme) {
    case TPM_ALG.ECDSA:
      return { sigAlg: TPM_ALG.ECDSA, hash, ...signEcdsa(signing) };
    case TPM_ALG.ECSCHNORR:
      return { sigAlg: TPM_ALG.ECSCHNORR, hash, ...signSchnorr(signing) };
    case TPM_ALG.SM2:
      return { sigAlg: TPM_ALG.SM2, hash, ...signSm2(signing) };
    case TPM_ALG.ECDAA: {
      const r = committedNumber(tpm, count, curveID, name) ?? refuse(TPM_RC.VALUE);
      const signature = signEcdaa(signing, r);
      endCommit(tpm, count);
      return { sigAlg: TPM_ALG.ECDAA, hash, ...signature };
    }
    default:
      return refuse(TPM_RC.SCHEME);
  }
}

/** The same, or no signature when nobody signs. */
export const signOrNot = (tpm: Core, key: KeyObject | null, scheme: Chosen, digest: Uint8Array): SignatureOrNone =>
  key === null ? NO_SIGNATURE : sign(tpm, key, scheme, digest);

/** Refuses a signature that is not of this key over the digest: SIGNATURE, SCHEME, or HANDLE for an HMAC key without its key. */
export function checkSignature(key: KeyObject, digest: Uint8Array, signature: Signature): void {
  if (!signatureHolds(key, digest, signature)) refuse(TPM_RC.SIGNATURE);
}

function signatureHolds({ publicArea, sensitive }: KeyObject, digest: Uint8Array, signature: Signature): boolean {
  switch (publicArea.type) {
    case TPM_ALG.RSA:
      if (signature.sigAlg !== TPM_ALG.RSASSA && signature.sigAlg !== TPM_ALG.RSAPSS) return refuse(TPM_RC.SCHEME);
      return rsaSignatureHolds(publicArea, signature.sigAlg, signature.hash, digest, signature.sig);
    case TPM_ALG.ECC:
      if (signature.sigAlg !== TPM_ALG.ECDSA && signature.sigAlg !== TPM_ALG.ECSCHNORR && signature.sigAlg !== TPM_ALG.SM2)
        return refuse(TPM_RC.SCHEME);
      return eccSignatureHolds(publicArea, signature.sigAlg, signature.hash, digest, signature);
    case TPM_ALG.KEYEDHASH: {
      if (!sensitive) return refuse(TPM_RC.HANDLE);
      if (signature.sigAlg !== TPM_ALG.HMAC) return refuse(TPM_RC.SCHEME);
      const own = chosen(publicArea.parameters.scheme);
      if (own.scheme !== TPM_ALG.NULL && (own.scheme !== TPM_ALG.HMAC || own.hashAlg !== signature.hmac.hashAlg)) return false;
      return equal(signature.hmac.digest, hmac(hashName(signature.hmac.hashAlg), sensitive.sensitive, digest));
    }
    default:
      return refuse(TPM_RC.SCHEME);
  }
}

/** The hash of a signature. */
export const hashOfSignature = (signature: Signature): number =>
  signature.sigAlg === TPM_ALG.HMAC ? signature.hmac.hashAlg : signature.hash;
