import { concat, type Value } from '../../bytes/index.ts';
import { padOaep, padPkcs1, rsaPrivate, rsaPublic, toInteger, unpadOaep, unpadPkcs1 } from '../../crypto/index.ts';
import { command, plain, user } from '../command.ts';
import type { Core } from '../model/core.ts';
import { rsaPrivateKey, rsaPublicKey } from '../model/crypto/key-crypto.ts';
import { keyAt } from '../model/keys/objects.ts';
import type { KeyObject } from '../model/state.ts';
import { inHandle, inParameter, refuse } from '../refusal.ts';
import {
  has,
  hashName,
  type RsaPublic,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM2B_DATA,
  TPM2B_PUBLIC_KEY_RSA,
  TPMA_OBJECT,
  TPMI_DH_OBJECT,
  TPMT_RSA_DECRYPT,
} from '../wire/index.ts';

// Part 3 §14. Padding errors are TPM_RC_FAILURE, as in libtpms 0.9.2 (06: rsadecrypt-*), and the TPM goes on working.

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
    if (toInteger(cipherText) >= toInteger(publicArea.unique)) refuse(TPM_RC.FAILURE);
    if (!key.sensitive) throw new RangeError('authorized, but without its sensitive area');
    const block = rsaPrivate(rsaPrivateKey(publicArea, key.sensitive.sensitive), cipherText);
    return { message: unpad(scheme, block, label) ?? refuse(TPM_RC.FAILURE) };
  },
});

function unpad({ scheme, hashAlg }: { scheme: number; hashAlg?: number }, block: Uint8Array, label: Uint8Array): Uint8Array | null {
  if (scheme === TPM_ALG.OAEP) return unpadOaep(hashName(hashAlg ?? TPM_ALG.SHA256), block, label);
  return scheme === TPM_ALG.RSAES ? unpadPkcs1(block) : block;
}
