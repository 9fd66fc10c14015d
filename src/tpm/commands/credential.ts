import { admin, command, plain, user } from '../command.ts';
import { makeCredential, readCredential } from '../model/keys/credential.ts';
import { keyAt } from '../model/keys/objects.ts';
import { decryptSecret } from '../model/keys/protection.ts';
import type { KeyObject } from '../model/state.ts';
import { blaming, inHandle, inParameter, refuse } from '../refusal.ts';
import {
  digestBytes,
  has,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM2B_DIGEST,
  TPM2B_ENCRYPTED_SECRET,
  TPM2B_ID_OBJECT,
  TPM2B_NAME,
  TPMA_OBJECT,
  TPMI_DH_OBJECT,
} from '../wire/index.ts';

// Part 3 §12.5 and §12.6.

/** An asymmetric storage key: what a credential can be encrypted to. */
const takesCredentials = ({ publicArea: { type, objectAttributes } }: KeyObject): boolean =>
  (type === TPM_ALG.RSA || type === TPM_ALG.ECC) && has(objectAttributes, TPMA_OBJECT.bit.restricted | TPMA_OBJECT.bit.decrypt);

export const TPM2_MakeCredential = command({
  code: TPM_CC.MakeCredential,
  name: 'TPM2_MakeCredential',
  spec: 'Part 3 §12.6',
  handles: { handle: plain(TPMI_DH_OBJECT) },
  params: { credential: TPM2B_DIGEST, objectName: TPM2B_NAME },
  returns: { credentialBlob: TPM2B_ID_OBJECT, secret: TPM2B_ENCRYPTED_SECRET },
  run(tpm, { handle, credential, objectName }) {
    const key = keyAt(tpm, handle, inHandle(1, TPM_RC.TYPE));
    if (!takesCredentials(key)) refuse(inHandle(1, TPM_RC.TYPE));
    if (credential.length > digestBytes(key.publicArea.nameAlg)) refuse(inParameter(1, TPM_RC.SIZE));
    return makeCredential(key.publicArea, objectName, credential, tpm.bytes);
  },
});

export const TPM2_ActivateCredential = command({
  code: TPM_CC.ActivateCredential,
  name: 'TPM2_ActivateCredential',
  spec: 'Part 3 §12.5',
  handles: { activateHandle: admin(TPMI_DH_OBJECT), keyHandle: user(TPMI_DH_OBJECT) },
  params: { credentialBlob: TPM2B_ID_OBJECT, secret: TPM2B_ENCRYPTED_SECRET },
  returns: { certInfo: TPM2B_DIGEST },
  run(tpm, { activateHandle, keyHandle, credentialBlob, secret }) {
    const key = keyAt(tpm, keyHandle, inHandle(2, TPM_RC.TYPE));
    const { name } = keyAt(tpm, activateHandle);
    if (!takesCredentials(key)) refuse(inHandle(2, TPM_RC.TYPE));
    const seed = blaming(
      rc => inParameter(2, rc),
      () => decryptSecret(key, 'IDENTITY', secret),
    );
    return {
      certInfo: blaming(
        rc => inParameter(1, rc),
        () => readCredential(key.publicArea, name, credentialBlob, seed),
      ),
    };
  },
});
