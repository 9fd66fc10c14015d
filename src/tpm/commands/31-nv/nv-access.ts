import { UINT16, UINT64 } from '../../../bytes/index.ts';
import { digest } from '../../../crypto/index.ts';
import { command, plain, user } from '../../command.ts';
import type { Core } from '../../model/core.ts';
import { checkNvRead, checkNvWrite, nvAt, nvHas, nvName, nvNumber, setNvAttributes, writeNv } from '../../model/nv/nv.ts';
import { attest, signerOf } from '../../model/signing/attest.ts';
import type { NvIndex } from '../../model/state.ts';
import { inHandle, inParameter, Refusal, refuse } from '../../refusal.ts';
import { u64 } from '../../session-crypto.ts';
import {
  digestBytes,
  hashName,
  nvType,
  TPM_ALG,
  TPM_CC,
  TPM_NT,
  TPM_RC,
  TPM_ST,
  TPM2B_ATTEST,
  TPM2B_DATA,
  TPM2B_MAX_NV_BUFFER,
  TPMA_NV,
  TPMI_DH_OBJECT_NULL,
  TPMI_RH_NV_AUTH,
  TPMI_RH_NV_INDEX,
  TPMI_RH_PROVISION,
  TPMT_SIG_SCHEME,
  TPMT_SIGNATURE_NULL,
} from '../../wire/index.ts';

const signHandle = user(TPMI_DH_OBJECT_NULL);
const signature = TPMT_SIGNATURE_NULL;

// Part 3 §31: Non-volatile Storage: contents of Indices, read, written, locked, certified. The first write that computes begins with
// zero, a counter with the largest count of any before it. To lock what is locked already is no mistake.

const A = TPMA_NV.bit;
const LARGEST_BUFFER = 1024;

const access = { authHandle: user(TPMI_RH_NV_AUTH), nvIndex: plain(TPMI_RH_NV_INDEX) };

export const TPM2_NV_Write = command({
  code: TPM_CC.NV_Write,
  name: 'TPM2_NV_Write',
  spec: 'Part 3 §31.7',
  handles: access,
  params: { data: TPM2B_MAX_NV_BUFFER, offset: UINT16 },
  returns: {},
  nv: true,
  writesNv: true,
  run(tpm, { authHandle, nvIndex, data, offset }) {
    checkNvWrite(tpm, authHandle, nvIndex);
    const index = nvAt(tpm, nvIndex);
    const type = nvType(index.publicArea.attributes);
    if (type === TPM_NT.COUNTER || type === TPM_NT.BITS || type === TPM_NT.EXTEND) refuse(TPM_RC.ATTRIBUTES);
    if (offset > index.publicArea.dataSize) refuse(inParameter(2, TPM_RC.VALUE));
    if (offset + data.length > index.publicArea.dataSize) refuse(TPM_RC.NV_RANGE);
    if (nvHas(index, A.WRITEALL) && data.length < index.publicArea.dataSize) refuse(TPM_RC.NV_RANGE);
    writeNv(tpm, index, offset, data);
    return {};
  },
});

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

export const TPM2_NV_Read = command({
  code: TPM_CC.NV_Read,
  name: 'TPM2_NV_Read',
  spec: 'Part 3 §31.13',
  handles: access,
  params: { size: UINT16, offset: UINT16 },
  returns: { data: TPM2B_MAX_NV_BUFFER },
  run(tpm, { authHandle, nvIndex, size, offset }) {
    checkNvRead(tpm, authHandle, nvIndex);
    if (size > LARGEST_BUFFER) refuse(inParameter(1, TPM_RC.VALUE));
    const { data, publicArea } = nvAt(tpm, nvIndex);
    if (offset > publicArea.dataSize) refuse(inParameter(2, TPM_RC.VALUE));
    if (offset + size > publicArea.dataSize) refuse(TPM_RC.NV_RANGE);
    return { data: data.slice(offset, offset + size) };
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

export const TPM2_NV_Certify = command({
  code: TPM_CC.NV_Certify,
  name: 'TPM2_NV_Certify',
  spec: 'Part 3 §31.16',
  handles: { signHandle, authHandle: user(TPMI_RH_NV_AUTH), nvIndex: plain(TPMI_RH_NV_INDEX) },
  params: { qualifyingData: TPM2B_DATA, inScheme: TPMT_SIG_SCHEME, size: UINT16, offset: UINT16 },
  returns: { certifyInfo: TPM2B_ATTEST, signature },
  run(tpm, { signHandle, authHandle, nvIndex, qualifyingData, inScheme, size, offset }) {
    const signer = signerOf(tpm, signHandle, inScheme, { handle: 1, inScheme: 2 });
    checkNvRead(tpm, authHandle, nvIndex);
    const { data } = nvAt(tpm, nvIndex);
    if (size + offset > data.length) refuse(TPM_RC.NV_RANGE);
    if (size > LARGEST_BUFFER) refuse(inParameter(3, TPM_RC.VALUE));
    const indexName = nvName(tpm, nvIndex);
    // Neither size nor offset asks for the digest of all contents.
    const { hashAlg } = signer.scheme;
    const attested =
      size === 0 && offset === 0
        ? {
            type: TPM_ST.ATTEST_NV_DIGEST,
            indexName,
            nvDigest: hashAlg === TPM_ALG.NULL ? new Uint8Array(0) : digest(hashName(hashAlg), data),
          }
        : { type: TPM_ST.ATTEST_NV, indexName, offset, nvContents: data.slice(offset, offset + size) };
    const { attestation, signature } = attest(tpm, signer, qualifyingData, attested);
    return { certifyInfo: attestation, signature };
  },
});
