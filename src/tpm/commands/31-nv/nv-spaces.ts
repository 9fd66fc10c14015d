import { admin, command, user } from '../../command.ts';
import { nvAt, nvHas } from '../../model/nv/nv.ts';
import { inHandle, inParameter, refuse } from '../../refusal.ts';
import { withoutTrailingZeros } from '../../session-crypto.ts';
import { digestBytes, TPM_CC, TPM_RC, TPM2B_AUTH, TPMA_NV, TPMI_RH_NV_INDEX, TPMI_RH_PLATFORM } from '../../wire/index.ts';
import { deleteIndex } from './nv-access.ts';

// Part 3 §31: what needs the ADMIN role of an Index, its policy.

export const TPM2_NV_UndefineSpaceSpecial = command({
  code: TPM_CC.NV_UndefineSpaceSpecial,
  name: 'TPM2_NV_UndefineSpaceSpecial',
  spec: 'Part 3 §31.5',
  handles: { nvIndex: admin(TPMI_RH_NV_INDEX), platform: user(TPMI_RH_PLATFORM) },
  params: {},
  returns: {},
  nv: true,
  run(tpm, { nvIndex }, { sessions }) {
    if (!nvHas(nvAt(tpm, nvIndex), TPMA_NV.bit.POLICY_DELETE)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    deleteIndex(tpm, nvIndex);
    // The Index is gone: its session no longer authorizes it, and the response has no value of it in its HMAC key.
    for (const use of sessions) if (use.entity === nvIndex) use.entity = null;
    return {};
  },
});

export const TPM2_NV_ChangeAuth = command({
  code: TPM_CC.NV_ChangeAuth,
  name: 'TPM2_NV_ChangeAuth',
  spec: 'Part 3 §31.15',
  handles: { nvIndex: admin(TPMI_RH_NV_INDEX) },
  params: { newAuth: TPM2B_AUTH },
  returns: {},
  nv: true,
  run(tpm, { nvIndex, newAuth }) {
    const index = nvAt(tpm, nvIndex);
    const auth = withoutTrailingZeros(newAuth);
    if (auth.length > digestBytes(index.publicArea.nameAlg)) refuse(inParameter(1, TPM_RC.SIZE));
    index.authValue = auth;
    return {};
  },
});
