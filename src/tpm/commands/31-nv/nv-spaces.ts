import { admin, command, plain, user } from '../../command.ts';
import type { Core } from '../../model/core.ts';
import { fitsIntoRam, fixedNvBytes, nvAt, nvBytesUsed, nvHas, nvName } from '../../model/nv/nv.ts';
import { inHandle, inParameter, refuse } from '../../refusal.ts';
import { withoutTrailingZeros } from '../../session-crypto.ts';
import {
  digestBytes,
  has,
  nvType,
  TPM_CC,
  TPM_NT,
  TPM_RC,
  TPM_RH,
  TPM2B_AUTH,
  TPM2B_NAME,
  TPM2B_NV_PUBLIC,
  TPMA_NV,
  TPMI_RH_NV_INDEX,
  TPMI_RH_PLATFORM,
  TPMI_RH_PROVISION,
  type TPMS_NV_PUBLIC,
} from '../../wire/index.ts';

// Part 3 §31: Non-volatile Storage: Indices, made, shown, changed and deleted.

const A = TPMA_NV.bit;
const WRITERS = A.AUTHWRITE | A.OWNERWRITE | A.PPWRITE | A.POLICYWRITE;
const READERS = A.AUTHREAD | A.OWNERREAD | A.PPREAD | A.POLICYREAD;
const LARGEST_BUFFER = 1024;

/** Part 3 §31.3.1, in libtpms' order. */
function checkDefinition(tpm: Core, authHandle: number, auth: Uint8Array, publicArea: TPMS_NV_PUBLIC): void {
  const { attributes, nameAlg, authPolicy, dataSize, nvIndex } = publicArea;
  const set = (bit: number) => has(attributes, bit);
  const type = nvType(attributes);
  const P2 = (rc: number): never => refuse(inParameter(2, rc));
  if (authPolicy.length !== 0 && authPolicy.length !== digestBytes(nameAlg)) P2(TPM_RC.SIZE);
  if (withoutTrailingZeros(auth).length > digestBytes(nameAlg)) refuse(inParameter(1, TPM_RC.SIZE));
  if (authHandle === TPM_RH.PLATFORM && !tpm.state.clear.phEnableNV) refuse(inHandle(1, TPM_RC.HIERARCHY));
  if (!(Object.values(TPM_NT) as number[]).includes(type)) P2(TPM_RC.ATTRIBUTES);
  const fixed = fixedNvBytes(publicArea);
  if (fixed !== undefined && dataSize !== fixed) P2(TPM_RC.SIZE);
  if (type === TPM_NT.COUNTER && set(A.CLEAR_STCLEAR)) P2(TPM_RC.ATTRIBUTES);
  // A PIN index is read and written by others than it authorizes, and its own failures are its contents.
  if (type === TPM_NT.PIN_FAIL && !set(A.NO_DA)) P2(TPM_RC.ATTRIBUTES);
  const pin = type === TPM_NT.PIN_PASS || type === TPM_NT.PIN_FAIL;
  if (pin && (set(A.AUTHWRITE) || set(A.GLOBALLOCK) || set(A.WRITEDEFINE))) P2(TPM_RC.ATTRIBUTES);
  if ((attributes & (A.WRITTEN | A.WRITELOCKED | A.READLOCKED)) !== 0) P2(TPM_RC.ATTRIBUTES);
  if ((attributes & READERS) === 0 || (attributes & WRITERS) === 0) P2(TPM_RC.ATTRIBUTES);
  // What is locked for ever cannot be cleared at Startup, only to stay empty.
  if (set(A.CLEAR_STCLEAR) && set(A.WRITEDEFINE)) P2(TPM_RC.ATTRIBUTES);
  if (set(A.PLATFORMCREATE) !== (authHandle === TPM_RH.PLATFORM)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
  if (set(A.POLICY_DELETE) && authHandle !== TPM_RH.PLATFORM) P2(TPM_RC.ATTRIBUTES);
  if (set(A.WRITEALL) && dataSize > LARGEST_BUFFER) P2(TPM_RC.SIZE);
  if (tpm.state.permanent.nv.has(nvIndex)) refuse(TPM_RC.NV_DEFINED);
  if (set(A.ORDERLY) && !fitsIntoRam(tpm, dataSize)) refuse(TPM_RC.NV_SPACE);
  if (nvBytesUsed(tpm) + dataSize > tpm.limits.nvBytes) refuse(TPM_RC.NV_SPACE);
}

export const TPM2_NV_DefineSpace = command({
  code: TPM_CC.NV_DefineSpace,
  name: 'TPM2_NV_DefineSpace',
  spec: 'Part 3 §31.3',
  handles: { authHandle: user(TPMI_RH_PROVISION) },
  params: { auth: TPM2B_AUTH, publicInfo: TPM2B_NV_PUBLIC },
  returns: {},
  nv: true,
  run(tpm, { authHandle, auth, publicInfo }) {
    checkDefinition(tpm, authHandle, auth, publicInfo);
    const data = new Uint8Array(publicInfo.dataSize).fill(0xff);
    tpm.state.permanent.nv.set(publicInfo.nvIndex, { publicArea: publicInfo, authValue: withoutTrailingZeros(auth), data });
    return {};
  },
});

export const TPM2_NV_UndefineSpace = command({
  code: TPM_CC.NV_UndefineSpace,
  name: 'TPM2_NV_UndefineSpace',
  spec: 'Part 3 §31.4',
  handles: { authHandle: user(TPMI_RH_PROVISION), nvIndex: plain(TPMI_RH_NV_INDEX) },
  params: {},
  returns: {},
  nv: true,
  run(tpm, { authHandle, nvIndex }) {
    const index = nvAt(tpm, nvIndex);
    // Only its policy deletes an Index with POLICY_DELETE: NV_UndefineSpaceSpecial.
    if (nvHas(index, A.POLICY_DELETE)) refuse(inHandle(2, TPM_RC.ATTRIBUTES));
    if (authHandle === TPM_RH.OWNER && nvHas(index, A.PLATFORMCREATE)) refuse(TPM_RC.NV_AUTHORIZATION);
    deleteIndex(tpm, nvIndex);
    return {};
  },
});

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

/** A counter that is gone must not be made again with a smaller count. */
function deleteIndex(tpm: Core, nvIndex: number): void {
  const index = nvAt(tpm, nvIndex);
  if (nvType(index.publicArea.attributes) === TPM_NT.COUNTER && nvHas(index, A.WRITTEN)) {
    const count = new DataView(index.data.buffer, index.data.byteOffset).getBigUint64(0);
    if (count > tpm.state.permanent.maxCounter) tpm.state.permanent.maxCounter = count;
  }
  tpm.state.permanent.nv.delete(nvIndex);
}

export const TPM2_NV_ReadPublic = command({
  code: TPM_CC.NV_ReadPublic,
  name: 'TPM2_NV_ReadPublic',
  spec: 'Part 3 §31.6',
  handles: { nvIndex: plain(TPMI_RH_NV_INDEX) },
  params: {},
  returns: { nvPublic: TPM2B_NV_PUBLIC, nvName: TPM2B_NAME },
  run: (tpm, { nvIndex }) => ({ nvPublic: nvAt(tpm, nvIndex).publicArea, nvName: nvName(tpm, nvIndex) }),
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
