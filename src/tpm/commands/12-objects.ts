import { sameBytes } from '../../bytes/index.ts';
import type { RandomBytes } from '../../crypto/index.ts';
import { admin, command, plain, user } from '../command.ts';
import type { Core } from '../model/core.ts';
import { isEnabled } from '../model/hierarchies/hierarchy.ts';
import { createAreas, primaryRandom, type SensitiveCreate, withCheckedAuth } from '../model/keys/create-object.ts';
import { CREATION_PARAMETERS, creationOf } from '../model/keys/creation.ts';
import { makeCredential, readCredential } from '../model/keys/credential.ts';
import { completed, derivedRandom, type LabelAndContext, readTemplate } from '../model/keys/derive.ts';
import { loadAreas } from '../model/keys/load-object.ts';
import { checkAttributes, checkCreation } from '../model/keys/object-checks.ts';
import { freeSlot, isDerivationParent, isParent, keyAt, makeKeyObject, place } from '../model/keys/objects.ts';
import { decryptSecret, privateToSensitive, sensitiveToPrivate } from '../model/keys/protection.ts';
import type { KeyObject } from '../model/state.ts';
import { nameOf, qualifiedNameOf } from '../names.ts';
import { blaming, inHandle, inParameter, refuse } from '../refusal.ts';
import { EMPTY, withoutTrailingZeros } from '../session-crypto.ts';
import {
  digestBytes,
  handleType,
  has,
  TPM_ALG,
  TPM_CC,
  TPM_HT,
  TPM_RC,
  TPM_RH,
  TPM2B_AUTH,
  TPM2B_CREATION_DATA,
  TPM2B_DIGEST,
  TPM2B_ENCRYPTED_SECRET,
  TPM2B_ID_OBJECT,
  TPM2B_NAME,
  TPM2B_PRIVATE,
  TPM2B_PUBLIC,
  TPM2B_PUBLIC_NULL,
  TPM2B_SENSITIVE_CREATE,
  TPM2B_SENSITIVE_DATA,
  TPM2B_SENSITIVE_EMPTY,
  TPM2B_TEMPLATE,
  TPMA_OBJECT,
  TPMI_DH_OBJECT,
  TPMI_DH_PARENT,
  TPMI_RH_HIERARCHY_NULL,
  type TPMT_PUBLIC,
  TPMT_TK_CREATION,
} from '../wire/index.ts';

// Part 3 §12: Object Commands.

const P1 = (rc: number): number => inParameter(1, rc);
const P2 = (rc: number): number => inParameter(2, rc);
const A = TPMA_OBJECT.bit;

/** An asymmetric storage key: what a credential can be encrypted to. */
const takesCredentials = ({ publicArea: { type, objectAttributes } }: KeyObject): boolean =>
  (type === TPM_ALG.RSA || type === TPM_ALG.ECC) && has(objectAttributes, TPMA_OBJECT.bit.restricted | TPMA_OBJECT.bit.decrypt);

export const TPM2_Create = command({
  code: TPM_CC.Create,
  name: 'TPM2_Create',
  spec: 'Part 3 §12.1',
  handles: { parentHandle: user(TPMI_DH_OBJECT) },
  params: CREATION_PARAMETERS,
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
    const create = withCheckedAuth(inSensitive, inPublic);
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

/** The parent; null for a hierarchy. */
function parentAt(tpm: Core, handle: number): KeyObject | null {
  if (handleType(handle) === TPM_HT.PERMANENT) return null;
  const parent = keyAt(tpm, handle, inHandle(1, TPM_RC.TYPE));
  return isParent(parent) || isDerivationParent(parent) ? parent : refuse(inHandle(1, TPM_RC.TYPE));
}

/** A derived object is no RSA key, and the TPM does not invent its secret. */
function checkDerived(parent: KeyObject, publicArea: TPMT_PUBLIC): void {
  if (publicArea.type === TPM_ALG.RSA) refuse(P2(TPM_RC.TYPE));
  if (has(publicArea.objectAttributes, TPMA_OBJECT.bit.sensitiveDataOrigin)) refuse(TPM_RC.ATTRIBUTES);
  blaming(P2, () => checkAttributes(parent, publicArea));
}

interface Source {
  readonly random: RandomBytes;
  readonly create: SensitiveCreate;
  /** The secret comes from the source, whatever the attributes say. */
  readonly publicArea: TPMT_PUBLIC;
}

function derivedSource(parent: KeyObject, publicArea: TPMT_PUBLIC, create: SensitiveCreate, derive: LabelAndContext): Source {
  checkDerived(parent, publicArea);
  const random = derivedRandom(parent, completed(derive, create.data));
  const objectAttributes = (publicArea.objectAttributes | TPMA_OBJECT.bit.sensitiveDataOrigin) >>> 0;
  return { random, create: { ...create, data: EMPTY }, publicArea: { ...publicArea, objectAttributes } };
}

/** A primary, an ordinary or a derived object, made and loaded at once. */
export const TPM2_CreateLoaded = command({
  code: TPM_CC.CreateLoaded,
  name: 'TPM2_CreateLoaded',
  spec: 'Part 3 §12.9',
  handles: { parentHandle: user(TPMI_DH_PARENT) },
  params: { inSensitive: TPM2B_SENSITIVE_CREATE, inPublic: TPM2B_TEMPLATE },
  returnsHandle: 'objectHandle',
  returns: { outPrivate: TPM2B_PRIVATE, outPublic: TPM2B_PUBLIC, name: TPM2B_NAME },
  run(tpm, { parentHandle, inSensitive, inPublic }) {
    const parent = parentAt(tpm, parentHandle);
    const derives = parent !== null && isDerivationParent(parent);
    freeSlot(tpm);
    const { publicArea: template, derive } = blaming(P2, () => readTemplate(tpm, inPublic, derives));
    const userAuth = withoutTrailingZeros(inSensitive.userAuth);
    if (userAuth.length > digestBytes(template.nameAlg)) refuse(inParameter(1, TPM_RC.SIZE));
    const create = { userAuth, data: inSensitive.data };
    if (!derives) blaming(P2, () => checkCreation(parent, template, create.data.length));
    const source = derives
      ? derivedSource(parent, template, create, derive)
      : { random: parent ? tpm.bytes : primaryRandom(tpm, parentHandle, template, create.data), create, publicArea: template };
    const made = createAreas(tpm, source.publicArea, source.create, source.random);
    const publicArea: TPMT_PUBLIC = { ...made.publicArea, objectAttributes: template.objectAttributes };
    const { sensitive } = made;
    if (derives || has(template.objectAttributes, TPMA_OBJECT.bit.sensitiveDataOrigin))
      tpm.secret('private part of an object', sensitive.sensitive);
    const object = makeKeyObject(publicArea, sensitive, parent ?? parentHandle);
    // Primary and derived objects can be made again: they need no private area.
    const outPrivate = parent && !derives ? sensitiveToPrivate(parent, publicArea.nameAlg, object.name, sensitive, tpm.bytes) : EMPTY;
    return { objectHandle: place(tpm, object), outPrivate, outPublic: publicArea, name: object.name };
  },
});
