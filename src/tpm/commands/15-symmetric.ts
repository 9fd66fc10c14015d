import { digest, hmac } from '../../crypto/index.ts';
import { command, user } from '../command.ts';
import type { Core } from '../model/core.ts';
import { cryptBlocks } from '../model/crypto/block-cipher.ts';
import { finishCmac, startCmac, updateCmac } from '../model/crypto/cmac.ts';
import { keyAt } from '../model/keys/objects.ts';
import { macOf } from '../model/keys/sequences.ts';
import { hashTicket, isTicketSafe, nullTicket } from '../model/signing/tickets.ts';
import { inHandle, inParameter, refuse } from '../refusal.ts';
import {
  blockBytes,
  cipherOf,
  has,
  hashName,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM_RH,
  TPM_ST,
  TPM2B_DIGEST,
  TPM2B_IV,
  TPM2B_MAX_BUFFER,
  TPMA_OBJECT,
  TPMI_ALG_CIPHER_MODE_NULL,
  TPMI_ALG_HASH,
  TPMI_ALG_MAC_SCHEME_NULL,
  TPMI_DH_OBJECT,
  TPMI_RH_HIERARCHY_NULL,
  TPMI_YES_NO,
  TPMT_TK_HASHCHECK,
} from '../wire/index.ts';

// Part 3 §15: Symmetric Primitives. EncryptDecrypt stands there twice; the second takes its data first, so that a session can encrypt them.
// libtpms has HMAC as TPM2_MAC: same bytes, the checks in its order.

interface Request {
  readonly keyHandle: number;
  readonly decrypt: 0 | 1;
  readonly mode: number;
  readonly ivIn: Uint8Array;
  readonly inData: Uint8Array;
}

function encryptDecrypt(
  tpm: Core,
  { keyHandle, decrypt, mode: given, ivIn, inData }: Request,
  number: Readonly<Record<'mode' | 'ivIn' | 'inData', number>>,
) {
  const { publicArea, sensitive } = keyAt(tpm, keyHandle, inHandle(1, TPM_RC.KEY));
  if (publicArea.type !== TPM_ALG.SYMCIPHER) return refuse(inHandle(1, TPM_RC.KEY));
  const {
    objectAttributes,
    parameters: { sym },
  } = publicArea;
  const wanted = decrypt ? TPMA_OBJECT.bit.decrypt : TPMA_OBJECT.bit.sign; // for a cipher, sign means encrypt
  if (has(objectAttributes, TPMA_OBJECT.bit.restricted) || !has(objectAttributes, wanted)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
  if (!sensitive) return refuse(inHandle(1, TPM_RC.KEY));
  const own: number = sym.mode;
  if (own === TPM_ALG.CMAC) refuse(inHandle(1, TPM_RC.MODE));
  if (own === TPM_ALG.NULL ? given === TPM_ALG.NULL : given !== TPM_ALG.NULL && given !== own)
    refuse(inParameter(number.mode, TPM_RC.MODE));
  const mode = own === TPM_ALG.NULL ? given : own;
  const block = blockBytes(sym.algorithm);
  if (ivIn.length !== (mode === TPM_ALG.ECB ? 0 : block)) refuse(inParameter(number.ivIn, TPM_RC.SIZE));
  const whole = mode === TPM_ALG.CBC || mode === TPM_ALG.ECB;
  if (whole && inData.length % block !== 0) refuse(inParameter(number.inData, TPM_RC.SIZE));
  const cipher = { cipher: cipherOf(sym.algorithm), key: sensitive.sensitive };
  const { data, iv } = cryptBlocks(cipher, decrypt === 1, mode, ivIn, inData);
  return { outData: data, ivOut: iv };
}

const handles = { keyHandle: user(TPMI_DH_OBJECT) };
const returns = { outData: TPM2B_MAX_BUFFER, ivOut: TPM2B_IV };

export const TPM2_EncryptDecrypt = command({
  code: TPM_CC.EncryptDecrypt,
  name: 'TPM2_EncryptDecrypt',
  spec: 'Part 3 §15.2',
  handles,
  params: { decrypt: TPMI_YES_NO, mode: TPMI_ALG_CIPHER_MODE_NULL, ivIn: TPM2B_IV, inData: TPM2B_MAX_BUFFER },
  returns,
  run: (tpm, input) => encryptDecrypt(tpm, input, { mode: 2, ivIn: 3, inData: 4 }),
});

export const TPM2_EncryptDecrypt2 = command({
  code: TPM_CC.EncryptDecrypt2,
  name: 'TPM2_EncryptDecrypt2',
  spec: 'Part 3 §15.3',
  handles,
  params: { inData: TPM2B_MAX_BUFFER, decrypt: TPMI_YES_NO, mode: TPMI_ALG_CIPHER_MODE_NULL, ivIn: TPM2B_IV },
  returns,
  run: (tpm, input) => encryptDecrypt(tpm, input, { inData: 1, mode: 3, ivIn: 4 }),
});

export const TPM2_Hash = command({
  code: TPM_CC.Hash,
  name: 'TPM2_Hash',
  spec: 'Part 3 §15.4',
  handles: {},
  params: { data: TPM2B_MAX_BUFFER, hashAlg: TPMI_ALG_HASH, hierarchy: TPMI_RH_HIERARCHY_NULL },
  returns: { outHash: TPM2B_DIGEST, validation: TPMT_TK_HASHCHECK },
  run(tpm, { data, hashAlg, hierarchy }) {
    const outHash = digest(hashName(hashAlg), data);
    const worthy = hierarchy !== TPM_RH.NULL && isTicketSafe(data);
    return { outHash, validation: worthy ? hashTicket(tpm, hierarchy, hashAlg, outHash) : nullTicket(TPM_ST.HASHCHECK) };
  },
});

export const TPM2_HMAC = command({
  code: TPM_CC.HMAC,
  name: 'TPM2_HMAC',
  spec: 'Part 3 §15.5',
  handles: { handle: user(TPMI_DH_OBJECT) },
  params: { buffer: TPM2B_MAX_BUFFER, hashAlg: TPMI_ALG_MAC_SCHEME_NULL },
  returns: { outHMAC: TPM2B_DIGEST },
  run(tpm, { handle, buffer, hashAlg: given }) {
    const { hashAlg, key, cipher } = macOf(tpm, handle, given);
    if (cipher === TPM_ALG.NULL) return { outHMAC: hmac(hashName(hashAlg), key, buffer) };
    const cmac = { cipher: cipherOf(cipher), key };
    return { outHMAC: finishCmac(cmac, updateCmac(cmac, startCmac(cmac), buffer)) };
  },
});
