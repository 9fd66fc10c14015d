import { sameBytes } from '../../bytes/index.ts';
import { admin, command, plain, user } from '../command.ts';
import { isEnabled } from '../model/hierarchies/hierarchy.ts';
import { createAreas, primaryRandom, type SensitiveCreate } from '../model/keys/create-object.ts';
import { creationOf } from '../model/keys/creation.ts';
import { loadAreas } from '../model/keys/load-object.ts';
import { checkCreation } from '../model/keys/object-checks.ts';
import { freeSlot, isParent, keyAt, makeKeyObject, place } from '../model/keys/objects.ts';
import { privateToSensitive, sensitiveToPrivate } from '../model/keys/protection.ts';
import { nameOf, qualifiedNameOf } from '../names.ts';
import { blaming, inHandle, inParameter, refuse } from '../refusal.ts';
import { withoutTrailingZeros } from '../session-crypto.ts';
import {
  digestBytes,
  has,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM_RH,
  TPM2B_AUTH,
  TPM2B_CREATION_DATA,
  TPM2B_DATA,
  TPM2B_DIGEST,
  TPM2B_NAME,
  TPM2B_PRIVATE,
  TPM2B_PUBLIC,
  TPM2B_PUBLIC_NULL,
  TPM2B_SENSITIVE_CREATE,
  TPM2B_SENSITIVE_DATA,
  TPM2B_SENSITIVE_EMPTY,
  TPMA_OBJECT,
  TPMI_DH_OBJECT,
  TPMI_RH_HIERARCHY_NULL,
  TPML_PCR_SELECTION,
  type TPMT_PUBLIC,
  TPMT_TK_CREATION,
} from '../wire/index.ts';

// Part 3 §12.

const P1 = (rc: number): number => inParameter(1, rc);
const P2 = (rc: number): number => inParameter(2, rc);
const A = TPMA_OBJECT.bit;

const creationParameters = {
  inSensitive: TPM2B_SENSITIVE_CREATE,
  inPublic: TPM2B_PUBLIC,
  outsideInfo: TPM2B_DATA,
  creationPCR: TPML_PCR_SELECTION,
};

/** The authorization value must not be longer than the name's digest (Part 1 §27.3). */
function adjusted({ userAuth, data }: SensitiveCreate, publicArea: TPMT_PUBLIC): SensitiveCreate {
  const auth = withoutTrailingZeros(userAuth);
  return auth.length > digestBytes(publicArea.nameAlg) ? refuse(P1(TPM_RC.SIZE)) : { userAuth: auth, data };
}

export const TPM2_CreatePrimary = command({
  code: TPM_CC.CreatePrimary,
  name: 'TPM2_CreatePrimary',
  spec: 'Part 3 §24.1',
  handles: { primaryHandle: user(TPMI_RH_HIERARCHY_NULL) },
  params: creationParameters,
  returnsHandle: 'objectHandle',
  returns: {
    outPublic: TPM2B_PUBLIC,
    creationData: TPM2B_CREATION_DATA,
    creationHash: TPM2B_DIGEST,
    creationTicket: TPMT_TK_CREATION,
    name: TPM2B_NAME,
  },
  run(tpm, { primaryHandle, inSensitive, inPublic, outsideInfo, creationPCR }, { locality }) {
    freeSlot(tpm);
    blaming(P2, () => checkCreation(null, inPublic, inSensitive.data.length));
    const create = adjusted(inSensitive, inPublic);
    const { publicArea, sensitive } = createAreas(tpm, inPublic, create, primaryRandom(tpm, primaryHandle, inPublic, create.data));
    tpm.secret('private part of a primary object', sensitive.sensitive);
    const object = makeKeyObject(publicArea, sensitive, primaryHandle);
    const creation = creationOf(tpm, primaryHandle, publicArea.nameAlg, object.name, { creationPCR, outsideInfo, locality });
    return { objectHandle: place(tpm, object), outPublic: publicArea, ...creation, name: object.name };
  },
});

export const TPM2_Create = command({
  code: TPM_CC.Create,
  name: 'TPM2_Create',
  spec: 'Part 3 §12.1',
  handles: { parentHandle: user(TPMI_DH_OBJECT) },
  params: creationParameters,
  returns: {
    outPrivate: TPM2B_PRIVATE,
    outPublic: TPM2B_PUBLIC,
    creationData: TPM2B_CREATION_DATA,
    creationHash: TPM2B_DIGEST,
    creationTicket: TPMT_TK_CREATION,
  },
  run(tpm, { parentHandle, inSensitive, inPublic, outsideInfo, creationPCR }, { locality }) {
    const parent = keyAt(tpm, parentHandle, inHandle(1, TPM_RC.TYPE));
    if (!isParent(parent)) refuse(inHandle(1, TPM_RC.TYPE));
    freeSlot(tpm); // the new object takes a slot while it is made
    blaming(P2, () => checkCreation(parent, inPublic, inSensitive.data.length));
    const create = adjusted(inSensitive, inPublic);
    const { publicArea, sensitive } = createAreas(tpm, inPublic, create, tpm.bytes);
    if (has(publicArea.objectAttributes, A.sensitiveDataOrigin)) tpm.secret('private part of an object', sensitive.sensitive);
    const name = nameOf(publicArea);
    const creation = creationOf(tpm, parent, publicArea.nameAlg, name, { creationPCR, outsideInfo, locality });
    return { outPrivate: sensitiveToPrivate(parent, publicArea.nameAlg, name, sensitive, tpm.bytes), outPublic: publicArea, ...creation };
  },
});

export const TPM2_Load = command({
  code: TPM_CC.Load,
  name: 'TPM2_Load',
  spec: 'Part 3 §12.2',
  handles: { parentHandle: user(TPMI_DH_OBJECT) },
  params: { inPrivate: TPM2B_PRIVATE, inPublic: TPM2B_PUBLIC },
  returnsHandle: 'objectHandle',
  returns: { name: TPM2B_NAME },
  run(tpm, { parentHandle, inPrivate, inPublic }) {
    freeSlot(tpm);
    if (inPrivate.length === 0) refuse(P1(TPM_RC.SIZE));
    const parent = keyAt(tpm, parentHandle, inHandle(1, TPM_RC.TYPE));
    if (!isParent(parent)) refuse(inHandle(1, TPM_RC.TYPE));
    const name = nameOf(inPublic);
    const sensitive = blaming(P1, () => privateToSensitive(parent, name, inPrivate));
    loadAreas(parent, inPublic, sensitive, P2, P1);
    return { objectHandle: place(tpm, makeKeyObject(inPublic, sensitive, parent, { name })), name };
  },
});

export const TPM2_LoadExternal = command({
  code: TPM_CC.LoadExternal,
  name: 'TPM2_LoadExternal',
  spec: 'Part 3 §12.3',
  handles: {},
  params: { inPrivate: TPM2B_SENSITIVE_EMPTY, inPublic: TPM2B_PUBLIC_NULL, hierarchy: TPMI_RH_HIERARCHY_NULL },
  returnsHandle: 'objectHandle',
  returns: { name: TPM2B_NAME },
  run(tpm, { inPrivate, inPublic: given, hierarchy }) {
    const inPublic: TPMT_PUBLIC = given; // nameAlg may be TPM_ALG_NULL: the object then has no Name
    freeSlot(tpm);
    if (!isEnabled(tpm, hierarchy)) refuse(inParameter(3, TPM_RC.HIERARCHY));
    if (inPrivate) {
      if (hierarchy !== TPM_RH.NULL) refuse(inParameter(3, TPM_RC.HIERARCHY));
      // It must not look like a key that a TPM made.
      if ((inPublic.objectAttributes & (A.fixedTPM | A.fixedParent | A.restricted)) !== 0) refuse(P2(TPM_RC.ATTRIBUTES));
    }
    const sensitive = inPrivate && { ...inPrivate, authValue: withoutTrailingZeros(inPrivate.authValue) };
    loadAreas(null, inPublic, sensitive, P2, P1);
    const object = makeKeyObject(inPublic, sensitive, hierarchy, { external: true });
    return { objectHandle: place(tpm, object), name: object.name };
  },
});

export const TPM2_ReadPublic = command({
  code: TPM_CC.ReadPublic,
  name: 'TPM2_ReadPublic',
  spec: 'Part 3 §12.4',
  handles: { objectHandle: plain(TPMI_DH_OBJECT) },
  params: {},
  returns: { outPublic: TPM2B_PUBLIC_NULL, name: TPM2B_NAME, qualifiedName: TPM2B_NAME },
  run(tpm, { objectHandle }) {
    const { publicArea, name, qualifiedName } = keyAt(tpm, objectHandle);
    return { outPublic: publicArea, name, qualifiedName };
  },
});

export const TPM2_Unseal = command({
  code: TPM_CC.Unseal,
  name: 'TPM2_Unseal',
  spec: 'Part 3 §12.7',
  handles: { itemHandle: user(TPMI_DH_OBJECT) },
  params: {},
  returns: { outData: TPM2B_SENSITIVE_DATA },
  run(tpm, { itemHandle }) {
    const { publicArea, sensitive } = keyAt(tpm, itemHandle, inHandle(1, TPM_RC.TYPE));
    if (publicArea.type !== TPM_ALG.KEYEDHASH) refuse(inHandle(1, TPM_RC.TYPE));
    if ((publicArea.objectAttributes & (A.decrypt | A.sign | A.restricted)) !== 0) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    return { outData: sensitive?.sensitive ?? new Uint8Array(0) };
  },
});

export const TPM2_ObjectChangeAuth = command({
  code: TPM_CC.ObjectChangeAuth,
  name: 'TPM2_ObjectChangeAuth',
  spec: 'Part 3 §12.8',
  handles: { objectHandle: admin(TPMI_DH_OBJECT), parentHandle: plain(TPMI_DH_OBJECT) },
  params: { newAuth: TPM2B_AUTH },
  returns: { outPrivate: TPM2B_PRIVATE },
  run(tpm, { objectHandle, parentHandle, newAuth }) {
    const { publicArea, sensitive, name, qualifiedName } = keyAt(tpm, objectHandle, inHandle(1, TPM_RC.TYPE));
    const authValue = withoutTrailingZeros(newAuth);
    if (authValue.length > digestBytes(publicArea.nameAlg)) refuse(P1(TPM_RC.SIZE));
    // The qualified Name tells whether the object hangs below this parent.
    const parent = keyAt(tpm, parentHandle, inHandle(2, TPM_RC.TYPE));
    if (!sameBytes(qualifiedName, qualifiedNameOf(parent.qualifiedName, publicArea.nameAlg, name))) refuse(inHandle(2, TPM_RC.TYPE));
    if (!sensitive || !isParent(parent)) return refuse(inHandle(2, TPM_RC.TYPE));
    return { outPrivate: sensitiveToPrivate(parent, publicArea.nameAlg, name, { ...sensitive, authValue }, tpm.bytes) };
  },
});
