import { command, plain, user } from '../command.ts';
import { checkNvRead, checkNvWrite, nvAt, nvHas, setNvAttributes } from '../model/nv/nv.ts';
import { inHandle, Refusal, refuse } from '../refusal.ts';
import { TPM_CC, TPM_RC, TPMA_NV, TPMI_RH_NV_AUTH, TPMI_RH_NV_INDEX, TPMI_RH_PROVISION } from '../wire/index.ts';

// Part 3 §31: locks. To lock what is locked already is no mistake.

const A = TPMA_NV.bit;
const access = { authHandle: user(TPMI_RH_NV_AUTH), nvIndex: plain(TPMI_RH_NV_INDEX) };

/** The code with which access is refused; 0 when it is not. */
function codeOf(check: () => void): number {
  try {
    check();
    return TPM_RC.SUCCESS;
  } catch (error) {
    if (error instanceof Refusal) return error.rc;
    throw error;
  }
}

export const TPM2_NV_WriteLock = command({
  code: TPM_CC.NV_WriteLock,
  name: 'TPM2_NV_WriteLock',
  spec: 'Part 3 §31.11',
  handles: access,
  params: {},
  returns: {},
  nv: true,
  writesNv: true,
  run(tpm, { authHandle, nvIndex }) {
    const rc = codeOf(() => checkNvWrite(tpm, authHandle, nvIndex));
    if (rc === TPM_RC.NV_AUTHORIZATION) refuse(rc);
    if (rc === TPM_RC.NV_LOCKED) return {};
    const index = nvAt(tpm, nvIndex);
    if (!nvHas(index, A.WRITEDEFINE) && !nvHas(index, A.WRITE_STCLEAR)) refuse(inHandle(2, TPM_RC.ATTRIBUTES));
    setNvAttributes(index, A.WRITELOCKED);
    return {};
  },
});

export const TPM2_NV_GlobalWriteLock = command({
  code: TPM_CC.NV_GlobalWriteLock,
  name: 'TPM2_NV_GlobalWriteLock',
  spec: 'Part 3 §31.12',
  handles: { authHandle: user(TPMI_RH_PROVISION) },
  params: {},
  returns: {},
  nv: true,
  run(tpm) {
    for (const index of tpm.state.permanent.nv.values()) if (nvHas(index, A.GLOBALLOCK)) setNvAttributes(index, A.WRITELOCKED);
    return {};
  },
});

export const TPM2_NV_ReadLock = command({
  code: TPM_CC.NV_ReadLock,
  name: 'TPM2_NV_ReadLock',
  spec: 'Part 3 §31.14',
  handles: access,
  params: {},
  returns: {},
  nv: true,
  run(tpm, { authHandle, nvIndex }) {
    const rc = codeOf(() => checkNvRead(tpm, authHandle, nvIndex));
    if (rc === TPM_RC.NV_AUTHORIZATION) refuse(rc);
    if (rc === TPM_RC.NV_LOCKED) return {};
    // An Index that was never written can be locked all the same.
    const index = nvAt(tpm, nvIndex);
    if (!nvHas(index, A.READ_STCLEAR)) refuse(inHandle(2, TPM_RC.ATTRIBUTES));
    setNvAttributes(index, A.READLOCKED);
    return {};
  },
});
