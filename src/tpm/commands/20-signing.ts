import { equal } from '../../crypto/index.ts';
import { command, plain, user } from '../command.ts';
import { keyAt } from '../model/keys/objects.ts';
import { checkSignature, isSigner, selectScheme, sign } from '../model/signing/signing.ts';
import { hashTicket, nullTicket, verifiedTicket } from '../model/signing/tickets.ts';
import { blaming, inHandle, inParameter, refuse } from '../refusal.ts';
import {
  digestBytes,
  has,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM_RH,
  TPM_ST,
  TPM2B_DIGEST,
  TPMA_OBJECT,
  TPMI_DH_OBJECT,
  TPMT_SIG_SCHEME,
  TPMT_SIGNATURE,
  TPMT_TK_HASHCHECK,
  TPMT_TK_VERIFIED,
} from '../wire/index.ts';

// Part 3 §20.

const A = TPMA_OBJECT.bit;

export const TPM2_VerifySignature = command({
  code: TPM_CC.VerifySignature,
  name: 'TPM2_VerifySignature',
  spec: 'Part 3 §20.1',
  handles: { keyHandle: plain(TPMI_DH_OBJECT) },
  params: { digest: TPM2B_DIGEST, signature: TPMT_SIGNATURE },
  returns: { validation: TPMT_TK_VERIFIED },
  run(tpm, { keyHandle, digest, signature }) {
    const key = keyAt(tpm, keyHandle, inHandle(1, TPM_RC.ATTRIBUTES));
    if (!has(key.publicArea.objectAttributes, A.sign)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    blaming(
      rc => inParameter(2, rc),
      () => checkSignature(key, digest, signature),
    );
    // Without a hierarchy or a Name nobody could be vouched for.
    const worthy = key.hierarchy !== TPM_RH.NULL && key.publicArea.nameAlg !== TPM_ALG.NULL;
    return { validation: worthy ? verifiedTicket(tpm, key.hierarchy, digest, key.name) : nullTicket(TPM_ST.VERIFIED) };
  },
});

export const TPM2_Sign = command({
  code: TPM_CC.Sign,
  name: 'TPM2_Sign',
  spec: 'Part 3 §20.2',
  handles: { keyHandle: user(TPMI_DH_OBJECT) },
  params: { digest: TPM2B_DIGEST, inScheme: TPMT_SIG_SCHEME, validation: TPMT_TK_HASHCHECK },
  returns: { signature: TPMT_SIGNATURE },
  run(tpm, { keyHandle, digest, inScheme, validation }) {
    const key = keyAt(tpm, keyHandle, inHandle(1, TPM_RC.KEY));
    const { objectAttributes } = key.publicArea;
    if (!isSigner(key)) refuse(inHandle(1, TPM_RC.KEY));
    if (has(objectAttributes, A.x509sign)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    const scheme = selectScheme(key, inScheme);
    if (!scheme) return refuse(inParameter(2, TPM_RC.SCHEME));
    // A restricted key signs only what this TPM hashed itself, and found not to look like its own structures.
    if (validation.digest.length > 0 || has(objectAttributes, A.restricted)) {
      const ticket = hashTicket(tpm, validation.hierarchy, scheme.hashAlg, digest);
      if (!equal(validation.digest, ticket.digest)) refuse(inParameter(3, TPM_RC.TICKET));
    } else if (digest.length !== digestBytes(scheme.hashAlg)) refuse(inParameter(1, TPM_RC.SIZE));
    return { signature: sign(tpm, key, scheme, digest) };
  },
});
