import type { RandomBytes } from '../../crypto/index.ts';
import { command, user } from '../command.ts';
import type { Core } from '../model/core.ts';
import { createAreas, primaryRandom, type SensitiveCreate } from '../model/keys/create-object.ts';
import { completed, derivedRandom, type LabelAndContext, readTemplate } from '../model/keys/derive.ts';
import { checkAttributes, checkCreation } from '../model/keys/object-checks.ts';
import { freeSlot, isDerivationParent, isParent, keyAt, makeKeyObject, place } from '../model/keys/objects.ts';
import { sensitiveToPrivate } from '../model/keys/protection.ts';
import type { KeyObject } from '../model/state.ts';
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
  TPM2B_NAME,
  TPM2B_PRIVATE,
  TPM2B_PUBLIC,
  TPM2B_SENSITIVE_CREATE,
  TPM2B_TEMPLATE,
  TPMA_OBJECT,
  TPMI_DH_PARENT,
  type TPMT_PUBLIC,
} from '../wire/index.ts';

// Part 3 §12.9: a primary, an ordinary or a derived object, made and loaded at once.

const P2 = (rc: number): number => inParameter(2, rc);

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
    const { publicArea: template, derive } = blaming(P2, () => readTemplate(inPublic, derives));
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
