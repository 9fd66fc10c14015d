import { command, plain } from '../command.ts';
import type { Core } from '../model/core.ts';
import { findObject, keyAt } from '../model/keys/objects.ts';
import { decryptSecret } from '../model/keys/protection.ts';
import { findNv, isPinIndex } from '../model/nv/nv.ts';
import { createSession, policySessionAt, restartPolicy } from '../model/sessions/sessions.ts';
import { inHandle, inParameter, Refusal, refuse } from '../refusal.ts';
import {
  digestBytes,
  has,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM_RH,
  TPM_SE_TYPE,
  TPM2B_ENCRYPTED_SECRET,
  TPM2B_NONCE,
  TPMA_OBJECT,
  TPMI_ALG_HASH,
  TPMI_DH_ENTITY_NULL,
  TPMI_DH_OBJECT_NULL,
  TPMI_SH_POLICY,
  TPMT_SYM_DEF,
} from '../wire/index.ts';

// Part 3 §11.

const SMALLEST_NONCE = 16;
const EMPTY = new Uint8Array(0);

/** The salt, which only the holder of tpmKey can read (Part 1 §19.6.13). */
function saltOf(tpm: Core, tpmKey: number, encryptedSalt: Uint8Array): Uint8Array {
  if (tpmKey === TPM_RH.NULL) return encryptedSalt.length === 0 ? EMPTY : refuse(inParameter(2, TPM_RC.VALUE));
  const key = keyAt(tpm, tpmKey, inHandle(1, TPM_RC.KEY));
  if (key.publicArea.type !== TPM_ALG.RSA && key.publicArea.type !== TPM_ALG.ECC) refuse(inHandle(1, TPM_RC.KEY));
  if (encryptedSalt.length === 0) refuse(inParameter(2, TPM_RC.VALUE));
  // No authorization is asked for tpmKey, so nobody has looked yet whether its sensitive part is there.
  if (!key.sensitive) refuse(inHandle(1, TPM_RC.HANDLE));
  if (!has(key.publicArea.objectAttributes, TPMA_OBJECT.bit.decrypt)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
  try {
    return decryptSecret(key, 'SECRET', encryptedSalt);
  } catch (error) {
    if (error instanceof Refusal) refuse(inParameter(2, TPM_RC.VALUE)); // whatever was wrong with it
    throw error;
  }
}

export const TPM2_StartAuthSession = command({
  code: TPM_CC.StartAuthSession,
  name: 'TPM2_StartAuthSession',
  spec: 'Part 3 §11.1',
  handles: { tpmKey: plain(TPMI_DH_OBJECT_NULL), bind: plain(TPMI_DH_ENTITY_NULL) },
  params: {
    nonceCaller: TPM2B_NONCE,
    encryptedSalt: TPM2B_ENCRYPTED_SECRET,
    sessionType: TPM_SE_TYPE,
    symmetric: TPMT_SYM_DEF,
    authHash: TPMI_ALG_HASH,
  },
  returnsHandle: 'sessionHandle',
  returns: { nonceTPM: TPM2B_NONCE },
  run(tpm, { tpmKey, bind, nonceCaller, encryptedSalt, sessionType, symmetric, authHash }) {
    if (nonceCaller.length < SMALLEST_NONCE || nonceCaller.length > digestBytes(authHash)) refuse(inParameter(1, TPM_RC.SIZE));
    const salt = saltOf(tpm, tpmKey, encryptedSalt);
    const boundTo = findObject(tpm, bind);
    if (boundTo?.kind === 'key' && !boundTo.sensitive) refuse(inHandle(2, TPM_RC.HANDLE));
    const index = findNv(tpm, bind);
    if (index && isPinIndex(index)) refuse(inHandle(2, TPM_RC.HANDLE)); // whose value counts its uses
    const cipher = symmetric.algorithm !== TPM_ALG.NULL && symmetric.algorithm !== TPM_ALG.XOR;
    if (cipher && symmetric.mode !== TPM_ALG.CFB) refuse(inParameter(4, TPM_RC.MODE));
    const session = createSession(tpm, { type: sessionType, authHash, symmetric, nonceCaller, bind, salt });
    return { sessionHandle: session.handle, nonceTPM: session.nonceTPM };
  },
});

export const TPM2_PolicyRestart = command({
  code: TPM_CC.PolicyRestart,
  name: 'TPM2_PolicyRestart',
  spec: 'Part 3 §11.2',
  handles: { sessionHandle: plain(TPMI_SH_POLICY) },
  params: {},
  returns: {},
  run(tpm, { sessionHandle }) {
    const { session } = policySessionAt(tpm, sessionHandle);
    restartPolicy(tpm, session);
    session.epoch = tpm.state.permanent.timeEpoch;
    return {};
  },
});
