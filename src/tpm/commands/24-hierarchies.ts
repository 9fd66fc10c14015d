import { command, user } from '../command.ts';
import { setHierarchyAuth } from '../model/hierarchies/hierarchy.ts';
import { changeSeed, clearTpm, enable, flushHierarchy, isSelected, setPolicy } from '../model/hierarchies/hierarchy-control.ts';
import { createAreas, primaryRandom, withCheckedAuth } from '../model/keys/create-object.ts';
import { CREATION_PARAMETERS, creationOf } from '../model/keys/creation.ts';
import { checkCreation } from '../model/keys/object-checks.ts';
import { freeSlot, makeKeyObject, place } from '../model/keys/objects.ts';
import { blaming, inParameter, refuse } from '../refusal.ts';
import { withoutTrailingZeros } from '../session-crypto.ts';
import {
  digestBytes,
  TPM_CC,
  TPM_RC,
  TPM_RH,
  TPM2B_AUTH,
  TPM2B_CREATION_DATA,
  TPM2B_DIGEST,
  TPM2B_NAME,
  TPM2B_PUBLIC,
  TPMI_ALG_HASH_NULL,
  TPMI_RH_CLEAR,
  TPMI_RH_ENABLES,
  TPMI_RH_HIERARCHY,
  TPMI_RH_HIERARCHY_AUTH,
  TPMI_RH_HIERARCHY_NULL,
  TPMI_RH_HIERARCHY_POLICY,
  TPMI_RH_PLATFORM,
  TPMI_YES_NO,
  TPMT_TK_CREATION,
} from '../wire/index.ts';

const P2 = (rc: number): number => inParameter(2, rc);

// Part 3 §24: Hierarchy Commands.

export const TPM2_CreatePrimary = command({
  code: TPM_CC.CreatePrimary,
  name: 'TPM2_CreatePrimary',
  spec: 'Part 3 §24.1',
  handles: { primaryHandle: user(TPMI_RH_HIERARCHY_NULL) },
  params: CREATION_PARAMETERS,
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
    const create = withCheckedAuth(inSensitive, inPublic);
    const { publicArea, sensitive } = createAreas(tpm, inPublic, create, primaryRandom(tpm, primaryHandle, inPublic, create.data));
    tpm.secret('private part of a primary object', sensitive.sensitive);
    const object = makeKeyObject(publicArea, sensitive, primaryHandle);
    const creation = creationOf(tpm, primaryHandle, publicArea.nameAlg, object.name, { creationPCR, outsideInfo, locality });
    return { objectHandle: place(tpm, object), outPublic: publicArea, ...creation, name: object.name };
  },
});

export const TPM2_HierarchyControl = command({
  code: TPM_CC.HierarchyControl,
  name: 'TPM2_HierarchyControl',
  spec: 'Part 3 §24.2',
  handles: { authHandle: user(TPMI_RH_HIERARCHY) },
  params: { enable: TPMI_RH_ENABLES, state: TPMI_YES_NO },
  returns: {},
  nv: true,
  extensive: true,
  run(tpm, { authHandle, enable: which, state }) {
    const wanted = state === 1;
    if (authHandle !== TPM_RH.PLATFORM) {
      // Everyone but the platform may only switch off, and only what is their own.
      if (authHandle !== which || (wanted && !isSelected(tpm, which))) refuse(TPM_RC.AUTH_TYPE);
    }
    if (isSelected(tpm, which) !== wanted) enable(tpm, which, wanted);
    return {};
  },
});

export const TPM2_SetPrimaryPolicy = command({
  code: TPM_CC.SetPrimaryPolicy,
  name: 'TPM2_SetPrimaryPolicy',
  spec: 'Part 3 §24.3',
  handles: { authHandle: user(TPMI_RH_HIERARCHY_POLICY) },
  params: { authPolicy: TPM2B_DIGEST, hashAlg: TPMI_ALG_HASH_NULL },
  returns: {},
  nv: true,
  run(tpm, { authHandle, authPolicy, hashAlg }) {
    if (authPolicy.length !== digestBytes(hashAlg)) refuse(inParameter(1, TPM_RC.SIZE));
    setPolicy(tpm, authHandle, hashAlg, authPolicy);
    return {};
  },
});

export const TPM2_ChangePPS = command({
  code: TPM_CC.ChangePPS,
  name: 'TPM2_ChangePPS',
  spec: 'Part 3 §24.4',
  handles: { authHandle: user(TPMI_RH_PLATFORM) },
  params: {},
  returns: {},
  nv: true,
  extensive: true,
  run(tpm) {
    changeSeed(tpm, TPM_RH.PLATFORM);
    flushHierarchy(tpm, TPM_RH.PLATFORM);
    tpm.state.permanent.pcrPolicies.clear();
    return {};
  },
});

export const TPM2_ChangeEPS = command({
  code: TPM_CC.ChangeEPS,
  name: 'TPM2_ChangeEPS',
  spec: 'Part 3 §24.5',
  handles: { authHandle: user(TPMI_RH_PLATFORM) },
  params: {},
  returns: {},
  nv: true,
  extensive: true,
  run(tpm) {
    changeSeed(tpm, TPM_RH.ENDORSEMENT);
    tpm.state.clear.ehEnable = true;
    tpm.state.permanent.auths.set(TPM_RH.ENDORSEMENT, new Uint8Array(0));
    flushHierarchy(tpm, TPM_RH.ENDORSEMENT);
    return {};
  },
});

export const TPM2_Clear = command({
  code: TPM_CC.Clear,
  name: 'TPM2_Clear',
  spec: 'Part 3 §24.6',
  handles: { authHandle: user(TPMI_RH_CLEAR) },
  params: {},
  returns: {},
  nv: true,
  extensive: true,
  run(tpm) {
    if (tpm.state.permanent.disableClear) refuse(TPM_RC.DISABLED);
    clearTpm(tpm);
    return {};
  },
});

export const TPM2_ClearControl = command({
  code: TPM_CC.ClearControl,
  name: 'TPM2_ClearControl',
  spec: 'Part 3 §24.7',
  handles: { auth: user(TPMI_RH_CLEAR) },
  params: { disable: TPMI_YES_NO },
  returns: {},
  nv: true,
  run(tpm, { auth, disable }) {
    // The lockout authorization can give Clear up, not take it back.
    if (auth === TPM_RH.LOCKOUT && disable === 0) refuse(TPM_RC.AUTH_FAIL);
    tpm.state.permanent.disableClear = disable === 1;
    return {};
  },
});

export const TPM2_HierarchyChangeAuth = command({
  code: TPM_CC.HierarchyChangeAuth,
  name: 'TPM2_HierarchyChangeAuth',
  spec: 'Part 3 §24.8',
  handles: { authHandle: user(TPMI_RH_HIERARCHY_AUTH) },
  params: { newAuth: TPM2B_AUTH },
  returns: {},
  nv: true,
  // The longest value the type holds is one digest of SHA-512: no further limit.
  run(tpm, { authHandle, newAuth }) {
    setHierarchyAuth(tpm, authHandle, withoutTrailingZeros(newAuth));
    return {};
  },
});
