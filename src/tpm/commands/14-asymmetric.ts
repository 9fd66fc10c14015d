import { concat, UINT16, type Value } from '../../bytes/index.ts';
import {
  fromInteger,
  type HashName,
  padOaep,
  padPkcs1,
  rejectedPkcs1,
  rsaPrivate,
  rsaPublic,
  toInteger,
  unpadOaep,
  unpadPkcs1,
} from '../../crypto/index.ts';
import { command, plain, user } from '../command.ts';
import type { Core } from '../model/core.ts';
import { eccDecrypt, eccEncrypt } from '../model/crypto/ecc-encryption.ts';
import { curveNumbers, eccMultiply, pointOf } from '../model/crypto/ecc-points.ts';
import { eccPrivateKey, eccPublicPoint, rsaPrivateKey, rsaPublicKey } from '../model/crypto/key-crypto.ts';
import { exchangeKeys } from '../model/crypto/key-exchange.ts';
import { keyAt } from '../model/keys/objects.ts';
import { committedNumber, endCommit } from '../model/signing/commit.ts';
import type { KeyObject } from '../model/state.ts';
import { inHandle, inParameter, refuse } from '../refusal.ts';
import {
  curveOf,
  type EccPublic,
  has,
  hashName,
  isHash,
  type RsaPublic,
  TPM_ALG,
  TPM_CC,
  TPM_ECC,
  TPM_RC,
  TPM2B_DATA,
  TPM2B_DIGEST,
  TPM2B_ECC_POINT,
  TPM2B_MAX_BUFFER,
  TPM2B_PUBLIC_KEY_RSA,
  TPMA_OBJECT,
  TPMI_DH_OBJECT,
  TPMI_ECC_CURVE,
  TPMI_ECC_KEY_EXCHANGE,
  TPMS_ALGORITHM_DETAIL_ECC,
  TPMT_KDF_SCHEME,
  TPMT_RSA_DECRYPT,
} from '../wire/index.ts';

// Part 3 §14: Asymmetric Primitives. What cannot be padded is TPM_RC_FAILURE, as in libtpms, and the TPM goes on working.

type DecryptScheme = Value<typeof TPMT_RSA_DECRYPT>;
const A = TPMA_OBJECT.bit;

/** The key's scheme, if it has one: inScheme must be TPM_ALG_NULL or the same (Part 3 §14.2.1). */
function schemeOf({ parameters: { scheme } }: RsaPublic, inScheme: DecryptScheme): { scheme: number; hashAlg?: number } {
  if (scheme.scheme === TPM_ALG.NULL) return inScheme;
  if (inScheme.scheme === TPM_ALG.NULL) return scheme;
  const hash = (of: object): unknown => ('hashAlg' in of ? of.hashAlg : undefined);
  return scheme.scheme === inScheme.scheme && hash(scheme) === hash(inScheme) ? inScheme : refuse(inParameter(2, TPM_RC.SCHEME));
}

function rsaKeyAt(tpm: Core, handle: number): { key: KeyObject; publicArea: RsaPublic } {
  const key = keyAt(tpm, handle, inHandle(1, TPM_RC.KEY));
  return key.publicArea.type === TPM_ALG.RSA ? { key, publicArea: key.publicArea } : refuse(inHandle(1, TPM_RC.KEY));
}

/** A label, if there is one, ends with a NUL: the OAEP hash covers it too (Part 1 B.4). */
function checkLabel(label: Uint8Array): void {
  if (label.length > 0 && label[label.length - 1] !== 0) refuse(inParameter(3, TPM_RC.VALUE));
}

function pad(
  { scheme, hashAlg }: { scheme: number; hashAlg?: number },
  message: Uint8Array,
  size: number,
  label: Uint8Array,
  tpm: Core,
): Uint8Array {
  try {
    switch (scheme) {
      case TPM_ALG.OAEP:
        return padOaep(hashName(hashAlg ?? TPM_ALG.SHA256), message, size, label, tpm.bytes);
      case TPM_ALG.RSAES:
        return padPkcs1(message, size, tpm.bytes);
      default:
        return raw(message, size);
    }
  } catch (error) {
    if (error instanceof RangeError) return refuse(TPM_RC.FAILURE); // the message is too long for this padding
    throw error;
  }
}

/** As many bytes as the key; zeros in front may be more or fewer. */
function raw(message: Uint8Array, size: number): Uint8Array {
  const first = message.findIndex(byte => byte !== 0);
  const number = first < 0 ? new Uint8Array(0) : message.subarray(first);
  return number.length > size ? refuse(TPM_RC.VALUE) : concat(new Uint8Array(size - number.length), number);
}

export const TPM2_RSA_Encrypt = command({
  code: TPM_CC.RSA_Encrypt,
  name: 'TPM2_RSA_Encrypt',
  spec: 'Part 3 §14.2',
  handles: { keyHandle: plain(TPMI_DH_OBJECT) },
  params: { message: TPM2B_PUBLIC_KEY_RSA, inScheme: TPMT_RSA_DECRYPT, label: TPM2B_DATA },
  returns: { outData: TPM2B_PUBLIC_KEY_RSA },
  run(tpm, { keyHandle, message, inScheme, label }) {
    const { publicArea } = rsaKeyAt(tpm, keyHandle);
    if (!has(publicArea.objectAttributes, A.decrypt)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    checkLabel(label);
    const block = pad(schemeOf(publicArea, inScheme), message, publicArea.unique.length, label, tpm);
    if (toInteger(block) >= toInteger(publicArea.unique)) refuse(TPM_RC.FAILURE);
    return { outData: rsaPublic(rsaPublicKey(publicArea), block) };
  },
});

export const TPM2_RSA_Decrypt = command({
  code: TPM_CC.RSA_Decrypt,
  name: 'TPM2_RSA_Decrypt',
  spec: 'Part 3 §14.3',
  handles: { keyHandle: user(TPMI_DH_OBJECT) },
  params: { cipherText: TPM2B_PUBLIC_KEY_RSA, inScheme: TPMT_RSA_DECRYPT, label: TPM2B_DATA },
  returns: { message: TPM2B_PUBLIC_KEY_RSA },
  run(tpm, { keyHandle, cipherText, inScheme, label }) {
    const { key, publicArea } = rsaKeyAt(tpm, keyHandle);
    if (has(publicArea.objectAttributes, A.restricted) || !has(publicArea.objectAttributes, A.decrypt))
      refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    checkLabel(label);
    const scheme = schemeOf(publicArea, inScheme);
    if (cipherText.length !== publicArea.unique.length) refuse(TPM_RC.SIZE);
    const fault = TPM_RC[tpm.behaviour.rsaPaddingFault];
    if (toInteger(cipherText) >= toInteger(publicArea.unique)) refuse(fault);
    if (!key.sensitive) throw new RangeError('authorized, but without its sensitive area');
    const privateKey = rsaPrivateKey(publicArea, key.sensitive.sensitive);
    const message = unpad(scheme, rsaPrivate(privateKey, cipherText), label);
    if (!message && scheme.scheme === TPM_ALG.RSAES && tpm.behaviour.badPkcs1 === 'implicit rejection')
      return { message: rejectedPkcs1(privateKey, cipherText) };
    return { message: message ?? refuse(fault) };
  },
});

function unpad({ scheme, hashAlg }: { scheme: number; hashAlg?: number }, block: Uint8Array, label: Uint8Array): Uint8Array | null {
  if (scheme === TPM_ALG.OAEP) return unpadOaep(hashName(hashAlg ?? TPM_ALG.SHA256), block, label);
  return scheme === TPM_ALG.RSAES ? unpadPkcs1(block) : block;
}

function eccKeyAt(tpm: Core, handle: number): { key: KeyObject; publicArea: EccPublic } {
  const key = keyAt(tpm, handle, inHandle(1, TPM_RC.KEY));
  return key.publicArea.type === TPM_ALG.ECC ? { key, publicArea: key.publicArea } : refuse(inHandle(1, TPM_RC.KEY));
}

export const TPM2_ECDH_KeyGen = command({
  code: TPM_CC.ECDH_KeyGen,
  name: 'TPM2_ECDH_KeyGen',
  spec: 'Part 3 §14.4',
  handles: { keyHandle: plain(TPMI_DH_OBJECT) },
  params: {},
  returns: { zPoint: TPM2B_ECC_POINT, pubPoint: TPM2B_ECC_POINT },
  run(tpm, { keyHandle }) {
    const {
      parameters: { curveID },
      unique,
    } = eccKeyAt(tpm, keyHandle).publicArea;
    const d = eccPrivateKey(curveID, tpm.bytes);
    const zPoint = eccMultiply(curveID, d, unique) ?? refuse(inHandle(1, TPM_RC.KEY));
    const pubPoint = eccPublicPoint(curveID, d);
    if (!pubPoint) throw new RangeError('a private key out of range was made');
    return { zPoint, pubPoint };
  },
});

export const TPM2_ECDH_ZGen = command({
  code: TPM_CC.ECDH_ZGen,
  name: 'TPM2_ECDH_ZGen',
  spec: 'Part 3 §14.5',
  handles: { keyHandle: user(TPMI_DH_OBJECT) },
  params: { inPoint: TPM2B_ECC_POINT },
  returns: { outPoint: TPM2B_ECC_POINT },
  run(tpm, { keyHandle, inPoint }) {
    const {
      key,
      publicArea: { objectAttributes, parameters },
    } = eccKeyAt(tpm, keyHandle);
    if (has(objectAttributes, A.restricted) || !has(objectAttributes, A.decrypt)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    const { scheme } = parameters.scheme;
    if (scheme !== TPM_ALG.ECDH && scheme !== TPM_ALG.NULL) refuse(inHandle(1, TPM_RC.SCHEME));
    if (!key.sensitive) throw new RangeError('authorized, but without its sensitive area');
    return { outPoint: eccMultiply(parameters.curveID, key.sensitive.sensitive, inPoint) ?? refuse(inParameter(1, TPM_RC.ECC_POINT)) };
  },
});

/** The key derivation that a curve comes with (TCG Algorithm Registry §6); the BN curves come with none. */
function kdfOf(curveID: number) {
  const hashes: Readonly<Record<number, number>> = {
    [TPM_ECC.NIST_P384]: TPM_ALG.SHA384,
    [TPM_ECC.NIST_P521]: TPM_ALG.SHA512,
    [TPM_ECC.SM2_P256]: TPM_ALG.SM3_256, // though this TPM has no such hash
  };
  if (curveID === TPM_ECC.BN_P256 || curveID === TPM_ECC.BN_P638) return { scheme: TPM_ALG.NULL } as const;
  return { scheme: TPM_ALG.KDF1_SP800_56A, hashAlg: hashes[curveID] ?? TPM_ALG.SHA256 } as const;
}

export const TPM2_ECC_Parameters = command({
  code: TPM_CC.ECC_Parameters,
  name: 'TPM2_ECC_Parameters',
  spec: 'Part 3 §14.6',
  handles: {},
  params: { curveID: TPMI_ECC_CURVE },
  returns: { parameters: TPMS_ALGORITHM_DETAIL_ECC },
  run(_tpm, { curveID }) {
    const { keyBits, bytes } = curveOf(curveID);
    const { p, a, b, g, n } = curveNumbers(curveID);
    // libtpms writes the zero of the BN curves as one byte, all else in full length.
    const number = (value: bigint) => fromInteger(value, value === 0n ? 1 : bytes);
    return {
      parameters: {
        curveID,
        keySize: keyBits,
        kdf: kdfOf(curveID),
        sign: { scheme: TPM_ALG.NULL },
        p: number(p),
        a: number(a),
        b: number(b),
        gX: number(g.x),
        gY: number(g.y),
        n: number(n),
        h: Uint8Array.of(1),
      },
    };
  },
});

export const TPM2_ZGen_2Phase = command({
  code: TPM_CC.ZGen_2Phase,
  name: 'TPM2_ZGen_2Phase',
  spec: 'Part 3 §14.7',
  handles: { keyA: user(TPMI_DH_OBJECT) },
  params: { inQsB: TPM2B_ECC_POINT, inQeB: TPM2B_ECC_POINT, inScheme: TPMI_ECC_KEY_EXCHANGE, counter: UINT16 },
  returns: { outZ1: TPM2B_ECC_POINT, outZ2: TPM2B_ECC_POINT },
  run(tpm, { keyA, inQsB, inQeB, inScheme, counter }) {
    const {
      key,
      publicArea: { objectAttributes, parameters },
    } = eccKeyAt(tpm, keyA);
    if (has(objectAttributes, A.restricted) || !has(objectAttributes, A.decrypt)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    const own: number = parameters.scheme.scheme;
    if (own !== TPM_ALG.NULL && own !== inScheme) refuse(inParameter(3, TPM_RC.SCHEME));
    const { curveID } = parameters;
    if (!pointOf(curveID, inQsB)) refuse(inParameter(1, TPM_RC.ECC_POINT));
    if (!pointOf(curveID, inQeB)) refuse(inParameter(2, TPM_RC.ECC_POINT));
    const ephemeralA = committedNumber(tpm, counter, curveID, new Uint8Array(0)) ?? refuse(inParameter(4, TPM_RC.VALUE));
    if (!key.sensitive) throw new RangeError('authorized, but without its sensitive area');
    const parties = { curveID, staticA: key.sensitive.sensitive, ephemeralA, staticB: inQsB, ephemeralB: inQeB };
    const points = exchangeKeys(inScheme, parties);
    endCommit(tpm, counter);
    return points;
  },
});

type KdfScheme = Value<typeof TPMT_KDF_SCHEME>;

/** The hash with which a key encrypts. inScheme must be TPM_ALG_NULL or the key's, and one of them KDF2 (libtpms CryptEccSelectScheme). */
function encryptionHash({ parameters: { kdf } }: EccPublic, inScheme: KdfScheme, parameter: number): HashName {
  const wrong = () => refuse(inParameter(parameter, TPM_RC.SCHEME));
  const scheme = inScheme.scheme === TPM_ALG.NULL ? kdf : inScheme;
  if (scheme.scheme === TPM_ALG.NULL) return wrong();
  if (kdf.scheme !== TPM_ALG.NULL && (kdf.scheme !== scheme.scheme || kdf.hashAlg !== scheme.hashAlg)) return wrong();
  if (scheme.scheme !== TPM_ALG.KDF2) return refuse(TPM_RC.SCHEME);
  return isHash(scheme.hashAlg) ? hashName(scheme.hashAlg) : refuse(TPM_RC.HASH);
}

export const TPM2_ECC_Encrypt = command({
  code: TPM_CC.ECC_Encrypt,
  name: 'TPM2_ECC_Encrypt',
  spec: 'Part 3 §14.8 (revision 1.83)',
  handles: { keyHandle: plain(TPMI_DH_OBJECT) },
  params: { plainText: TPM2B_MAX_BUFFER, inScheme: TPMT_KDF_SCHEME },
  returns: { C1: TPM2B_ECC_POINT, C2: TPM2B_MAX_BUFFER, C3: TPM2B_DIGEST },
  run(tpm, { keyHandle, plainText, inScheme }) {
    const { publicArea } = eccKeyAt(tpm, keyHandle);
    const hash = encryptionHash(publicArea, inScheme, 2);
    return eccEncrypt(publicArea.parameters.curveID, hash, publicArea.unique, plainText, tpm.bytes) ?? refuse(TPM_RC.NO_RESULT);
  },
});

export const TPM2_ECC_Decrypt = command({
  code: TPM_CC.ECC_Decrypt,
  name: 'TPM2_ECC_Decrypt',
  spec: 'Part 3 §14.9 (revision 1.83)',
  handles: { keyHandle: user(TPMI_DH_OBJECT) },
  params: { C1: TPM2B_ECC_POINT, C2: TPM2B_MAX_BUFFER, C3: TPM2B_DIGEST, inScheme: TPMT_KDF_SCHEME },
  returns: { plainText: TPM2B_MAX_BUFFER },
  run(tpm, { keyHandle, C1, C2, C3, inScheme }) {
    const { key, publicArea } = eccKeyAt(tpm, keyHandle);
    const { objectAttributes, parameters } = publicArea;
    if (has(objectAttributes, A.restricted) || !has(objectAttributes, A.decrypt)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    const hash = encryptionHash(publicArea, inScheme, 4);
    if (!key.sensitive) throw new RangeError('authorized, but without its sensitive area');
    const plainText = eccDecrypt(parameters.curveID, hash, key.sensitive.sensitive, { C1, C2, C3 });
    return { plainText: plainText ?? refuse(TPM_RC.VALUE) };
  },
});
