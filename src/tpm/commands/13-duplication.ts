import { command, dup, plain, user } from '../command.ts';
import type { Core } from '../model/core.ts';
import { loadAreas } from '../model/keys/load-object.ts';
import { isParent, keyAt } from '../model/keys/objects.ts';
import {
  decryptSecret,
  duplicateToSensitive,
  encryptSecret,
  protectorOf,
  sensitiveToDuplicate,
  sensitiveToPrivate,
  unwrapOuter,
  wrapOuter,
} from '../model/keys/protection.ts';
import type { KeyObject } from '../model/state.ts';
import { nameOf } from '../names.ts';
import { blaming, inHandle, inParameter, Refusal, refuse } from '../refusal.ts';
import { EMPTY } from '../session-crypto.ts';
import {
  digestBytes,
  has,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM_RH,
  TPM2B_DATA,
  TPM2B_ENCRYPTED_SECRET,
  TPM2B_NAME,
  TPM2B_PRIVATE,
  TPM2B_PUBLIC,
  TPMA_OBJECT,
  TPMI_DH_OBJECT,
  TPMI_DH_OBJECT_NULL,
  TPMT_SYM_DEF_OBJECT,
} from '../wire/index.ts';

// Part 3 §13: Duplication Commands.

const A = TPMA_OBJECT.bit;
const MAX_PRIVATE = 1230;

/** The asymmetric storage key at a handle; null for TPM_RH_NULL (ObjectIsStorage). */
function newParentAt(tpm: Core, handle: number, number: number): KeyObject | null {
  if (handle === TPM_RH.NULL) return null;
  const rc = inHandle(number, TPM_RC.TYPE);
  const parent = keyAt(tpm, handle, rc);
  const { type, objectAttributes } = parent.publicArea;
  const asymmetric = type === TPM_ALG.RSA || type === TPM_ALG.ECC;
  return asymmetric && has(objectAttributes, A.restricted | A.decrypt) && !has(objectAttributes, A.sign) ? parent : refuse(rc);
}

export const TPM2_Duplicate = command({
  code: TPM_CC.Duplicate,
  name: 'TPM2_Duplicate',
  spec: 'Part 3 §13.1',
  handles: { objectHandle: dup(TPMI_DH_OBJECT), newParentHandle: plain(TPMI_DH_OBJECT_NULL) },
  params: { encryptionKeyIn: TPM2B_DATA, symmetricAlg: TPMT_SYM_DEF_OBJECT },
  returns: { encryptionKeyOut: TPM2B_DATA, duplicate: TPM2B_PRIVATE, outSymSeed: TPM2B_ENCRYPTED_SECRET },
  run(tpm, { objectHandle, newParentHandle, encryptionKeyIn, symmetricAlg }) {
    const { publicArea, sensitive, name } = keyAt(tpm, objectHandle, inHandle(1, TPM_RC.TYPE));
    if (has(publicArea.objectAttributes, A.fixedParent)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    if (publicArea.nameAlg === TPM_ALG.NULL || !sensitive) return refuse(inHandle(1, TPM_RC.TYPE));
    const newParent = newParentAt(tpm, newParentHandle, 2);
    const inner = symmetricAlg.algorithm !== TPM_ALG.NULL;
    if (has(publicArea.objectAttributes, A.encryptedDuplication)) {
      if (!inner) refuse(inParameter(2, TPM_RC.SYMMETRIC));
      if (!newParent) refuse(inHandle(2, TPM_RC.HIERARCHY));
    }
    const keyBytes = symmetricAlg.algorithm === TPM_ALG.NULL ? 0 : symmetricAlg.keyBits / 8;
    if (encryptionKeyIn.length !== 0 && encryptionKeyIn.length !== keyBytes) refuse(inParameter(1, TPM_RC.SIZE));
    const wrapped = newParent && encryptSecret(newParent.publicArea, 'DUPLICATE', tpm.bytes);
    // The caller is told the inner key if it is not the caller's own.
    const own = inner && encryptionKeyIn.length === 0;
    const key = own ? tpm.bytes(keyBytes) : encryptionKeyIn;
    const duplicate = sensitiveToDuplicate(
      publicArea,
      name,
      sensitive,
      inner ? { symmetric: symmetricAlg, key } : null,
      newParent && wrapped && { parent: newParent.publicArea, seed: wrapped.secret },
    );
    return { encryptionKeyOut: own ? key : EMPTY, duplicate, outSymSeed: wrapped?.encrypted ?? EMPTY };
  },
});

export const TPM2_Rewrap = command({
  code: TPM_CC.Rewrap,
  name: 'TPM2_Rewrap',
  spec: 'Part 3 §13.2',
  handles: { oldParent: user(TPMI_DH_OBJECT_NULL), newParent: plain(TPMI_DH_OBJECT_NULL) },
  params: { inDuplicate: TPM2B_PRIVATE, name: TPM2B_NAME, inSymSeed: TPM2B_ENCRYPTED_SECRET },
  returns: { outDuplicate: TPM2B_PRIVATE, outSymSeed: TPM2B_ENCRYPTED_SECRET },
  run(tpm, { oldParent, newParent, inDuplicate, name, inSymSeed }) {
    if ((inSymSeed.length === 0) !== (oldParent === TPM_RH.NULL)) refuse(inHandle(1, TPM_RC.HANDLE));
    const from = newParentAt(tpm, oldParent, 1);
    const data = from ? unwrapped(from, inDuplicate, name, inSymSeed) : inDuplicate;
    const to = newParentAt(tpm, newParent, 2);
    if (!to) return { outDuplicate: data, outSymSeed: EMPTY };
    const { secret, encrypted } = encryptSecret(to.publicArea, 'DUPLICATE', tpm.bytes);
    if (data.length + 2 + digestBytes(to.publicArea.nameAlg) > MAX_PRIVATE) refuse(inParameter(1, TPM_RC.VALUE));
    return { outDuplicate: wrapOuter(protectorOf(to.publicArea, secret), name, data, null), outSymSeed: encrypted };
  },
});

/** Without its outer wrapper. Whatever is wrong with the seed is VALUE. */
function unwrapped(parent: KeyObject, duplicate: Uint8Array, name: Uint8Array, inSymSeed: Uint8Array): Uint8Array {
  const seed = refusedAs(inParameter(3, TPM_RC.VALUE), () => decryptSecret(parent, 'DUPLICATE', inSymSeed));
  return blaming(
    rc => inParameter(1, rc),
    () => unwrapOuter(protectorOf(parent.publicArea, seed), name, duplicate, false),
  );
}

function refusedAs<T>(rc: number, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof Refusal) refuse(rc);
    throw error;
  }
}

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
