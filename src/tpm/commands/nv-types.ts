import { UINT64 } from '../../bytes/index.ts';
import { digest } from '../../crypto/index.ts';
import { command, plain, user } from '../command.ts';
import type { Core } from '../model/core.ts';
import { checkNvWrite, nvAt, nvHas } from '../model/nv/nv.ts';
import { nvNumber, writeNv } from '../model/nv/nv-write.ts';
import type { NvIndex } from '../model/state.ts';
import { inHandle, refuse } from '../refusal.ts';
import { u64 } from '../session-crypto.ts';
import {
  digestBytes,
  hashName,
  nvType,
  TPM_CC,
  TPM_NT,
  TPM_RC,
  TPM2B_MAX_NV_BUFFER,
  TPMA_NV,
  TPMI_RH_NV_AUTH,
  TPMI_RH_NV_INDEX,
} from '../wire/index.ts';

// Part 3 §31: what is written by computing. The first write begins with zero, a counter with the largest count of any before it.

const access = { authHandle: user(TPMI_RH_NV_AUTH), nvIndex: plain(TPMI_RH_NV_INDEX) };

/** The Index, which must be of the type that the command writes. */
function writable(tpm: Core, authHandle: number, nvIndex: number, type: number): NvIndex {
  checkNvWrite(tpm, authHandle, nvIndex);
  const index = nvAt(tpm, nvIndex);
  return nvType(index.publicArea.attributes) === type ? index : refuse(inHandle(2, TPM_RC.ATTRIBUTES));
}

export const TPM2_NV_Increment = command({
  code: TPM_CC.NV_Increment,
  name: 'TPM2_NV_Increment',
  spec: 'Part 3 §31.8',
  handles: access,
  params: {},
  returns: {},
  nv: true,
  writesNv: true,
  run(tpm, { authHandle, nvIndex }) {
    const index = writable(tpm, authHandle, nvIndex, TPM_NT.COUNTER);
    const count = nvNumber(index) ?? tpm.state.permanent.maxCounter;
    writeNv(tpm, index, 0, u64(BigInt.asUintN(64, count + 1n)));
    return {};
  },
});

export const TPM2_NV_Extend = command({
  code: TPM_CC.NV_Extend,
  name: 'TPM2_NV_Extend',
  spec: 'Part 3 §31.9',
  handles: access,
  params: { data: TPM2B_MAX_NV_BUFFER },
  returns: {},
  nv: true,
  writesNv: true,
  run(tpm, { authHandle, nvIndex, data }) {
    const index = writable(tpm, authHandle, nvIndex, TPM_NT.EXTEND);
    const { nameAlg } = index.publicArea;
    const before = nvHas(index, TPMA_NV.bit.WRITTEN) ? index.data : new Uint8Array(digestBytes(nameAlg));
    writeNv(tpm, index, 0, digest(hashName(nameAlg), before, data));
    return {};
  },
});

export const TPM2_NV_SetBits = command({
  code: TPM_CC.NV_SetBits,
  name: 'TPM2_NV_SetBits',
  spec: 'Part 3 §31.10',
  handles: access,
  params: { bits: UINT64 },
  returns: {},
  nv: true,
  writesNv: true,
  run(tpm, { authHandle, nvIndex, bits }) {
    const index = writable(tpm, authHandle, nvIndex, TPM_NT.BITS);
    writeNv(tpm, index, 0, u64((nvNumber(index) ?? 0n) | bits));
    return {};
  },
});
