import { command, user } from '../command.ts';
import { loadAreas } from '../model/keys/load-object.ts';
import { isParent, keyAt } from '../model/keys/objects.ts';
import { decryptSecret, duplicateToSensitive, sensitiveToPrivate } from '../model/keys/protection.ts';
import { nameOf } from '../names.ts';
import { blaming, inHandle, inParameter, refuse } from '../refusal.ts';
import {
  has,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM2B_DATA,
  TPM2B_ENCRYPTED_SECRET,
  TPM2B_PRIVATE,
  TPM2B_PUBLIC,
  TPMA_OBJECT,
  TPMI_DH_OBJECT,
  TPMT_SYM_DEF_OBJECT,
} from '../wire/index.ts';

// Part 3 §13.

const A = TPMA_OBJECT.bit;

export const TPM2_Import = command({
  code: TPM_CC.Import,
  name: 'TPM2_Import',
  spec: 'Part 3 §13.3',
  handles: { parentHandle: user(TPMI_DH_OBJECT) },
  params: {
    encryptionKey: TPM2B_DATA,
    objectPublic: TPM2B_PUBLIC,
    duplicate: TPM2B_PRIVATE,
    inSymSeed: TPM2B_ENCRYPTED_SECRET,
    symmetricAlg: TPMT_SYM_DEF_OBJECT,
  },
  returns: { outPrivate: TPM2B_PRIVATE },
  run(tpm, { parentHandle, encryptionKey, objectPublic, duplicate, inSymSeed, symmetricAlg }) {
    const has2 = (bit: number) => has(objectPublic.objectAttributes, bit);
    if (has2(A.fixedTPM) || has2(A.fixedParent)) refuse(inParameter(2, TPM_RC.ATTRIBUTES));
    const parent = keyAt(tpm, parentHandle, inHandle(1, TPM_RC.TYPE));
    if (!isParent(parent)) refuse(inHandle(1, TPM_RC.TYPE));
    // encryptedDuplication promises that the object was never outside without both wrappers.
    const both = has2(A.encryptedDuplication);
    const keyBytes = symmetricAlg.algorithm === TPM_ALG.NULL ? 0 : symmetricAlg.keyBits / 8;
    if (encryptionKey.length !== keyBytes) refuse(inParameter(1, TPM_RC.SIZE));
    if (both && keyBytes === 0) refuse(inParameter(1, TPM_RC.ATTRIBUTES));
    if (both && inSymSeed.length === 0) refuse(inParameter(4, TPM_RC.ATTRIBUTES));
    // A symmetric parent cannot be sent secrets.
    if (inSymSeed.length > 0 && parent.publicArea.type === TPM_ALG.SYMCIPHER) refuse(inHandle(1, TPM_RC.TYPE));
    const seed =
      inSymSeed.length === 0
        ? null
        : blaming(
            rc => inParameter(4, rc),
            () => decryptSecret(parent, 'DUPLICATE', inSymSeed),
          );
    const name = nameOf(objectPublic);
    const sensitive = blaming(
      rc => inParameter(3, rc),
      () =>
        duplicateToSensitive(
          objectPublic.nameAlg,
          name,
          duplicate,
          keyBytes === 0 ? null : { symmetric: symmetricAlg, key: encryptionKey },
          seed && { parent: parent.publicArea, seed },
        ),
    );
    // Below a parent that stays here the object is checked now, as if it were loaded.
    if (has(parent.publicArea.objectAttributes, A.fixedTPM)) {
      loadAreas(
        null,
        objectPublic,
        sensitive,
        rc => inParameter(2, rc),
        rc => inParameter(3, rc),
      );
    }
    return { outPrivate: sensitiveToPrivate(parent, objectPublic.nameAlg, name, sensitive, tpm.bytes) };
  },
});
