import { command, user } from '../command.ts';
import { changeSeed, clearTpm, enable, flushHierarchy, isSelected, setPolicy } from '../model/hierarchies/hierarchy-control.ts';
import { inParameter, refuse } from '../refusal.ts';
import {
  digestBytes,
  TPM_CC,
  TPM_RC,
  TPM_RH,
  TPM2B_DIGEST,
  TPMI_ALG_HASH_NULL,
  TPMI_RH_CLEAR,
  TPMI_RH_ENABLES,
  TPMI_RH_HIERARCHY,
  TPMI_RH_HIERARCHY_POLICY,
  TPMI_RH_PLATFORM,
  TPMI_YES_NO,
} from '../wire/index.ts';

// Part 3 §24: hierarchies as a whole.

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
