import { UINT32 } from '../../bytes/index.ts';
import { digest } from '../../crypto/index.ts';
import { command, user } from '../command.ts';
import {
  effectiveSelection,
  extendPcr,
  mayExtend,
  mayReset,
  PCR_COUNT,
  pcrGroup,
  readPcr,
  ruleOf,
  selected,
  selectedCount,
  setPcr,
} from '../model/pcr/pcr.ts';
import type { PolicyHash } from '../model/state.ts';
import { inParameter, refuse } from '../refusal.ts';
import { withoutTrailingZeros } from '../session-crypto.ts';
import {
  digestBytes,
  HASHES,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM_RH,
  TPM2B_DIGEST,
  TPM2B_EVENT,
  TPMI_ALG_HASH_NULL,
  TPMI_DH_PCR,
  TPMI_DH_PCR_NULL,
  TPMI_RH_PLATFORM,
  TPMI_YES_NO,
  TPML_DIGEST,
  TPML_DIGEST_VALUES,
  TPML_PCR_SELECTION,
} from '../wire/index.ts';

// Part 3 §22: Integrity Collection (PCR).

const MOST_DIGESTS = 8;

const platform = { authHandle: user(TPMI_RH_PLATFORM) };
const D_RTM = 17;
const H_CRTM = 0;
const has = (select: Uint8Array, pcr: number): boolean => ((select[pcr >> 3] ?? 0) & (1 << (pcr & 7))) !== 0;

export const TPM2_PCR_Extend = command({
  code: TPM_CC.PCR_Extend,
  name: 'TPM2_PCR_Extend',
  spec: 'Part 3 §22.2',
  handles: { pcrHandle: user(TPMI_DH_PCR_NULL) },
  params: { digests: TPML_DIGEST_VALUES },
  returns: {},
  nv: true,
  run(tpm, { pcrHandle, digests }, { locality }) {
    if (pcrHandle === TPM_RH.NULL) return {};
    if (!mayExtend(tpm, pcrHandle, locality)) refuse(TPM_RC.LOCALITY);
    for (const { hashAlg, digest } of digests) extendPcr(tpm, pcrHandle, hashAlg, digest);
    return {};
  },
});

export const TPM2_PCR_Event = command({
  code: TPM_CC.PCR_Event,
  name: 'TPM2_PCR_Event',
  spec: 'Part 3 §22.3',
  handles: { pcrHandle: user(TPMI_DH_PCR_NULL) },
  params: { eventData: TPM2B_EVENT },
  returns: { digests: TPML_DIGEST_VALUES },
  nv: true,
  run(tpm, { pcrHandle, eventData }, { locality }) {
    if (pcrHandle !== TPM_RH.NULL && !mayExtend(tpm, pcrHandle, locality)) refuse(TPM_RC.LOCALITY);
    const digests = HASHES.map(({ id, name }) => ({ hashAlg: id, digest: digest(name, eventData) }));
    if (pcrHandle !== TPM_RH.NULL) for (const { hashAlg, digest: value } of digests) extendPcr(tpm, pcrHandle, hashAlg, value);
    return { digests };
  },
});

export const TPM2_PCR_Read = command({
  code: TPM_CC.PCR_Read,
  name: 'TPM2_PCR_Read',
  spec: 'Part 3 §22.4',
  handles: {},
  params: { pcrSelectionIn: TPML_PCR_SELECTION },
  returns: { pcrUpdateCounter: UINT32, pcrSelectionOut: TPML_PCR_SELECTION, pcrValues: TPML_DIGEST },
  // As many as fit; the selection in the answer says which.
  run(tpm, { pcrSelectionIn }) {
    const pcrSelectionOut = effectiveSelection(tpm, pcrSelectionIn).map(({ hash, pcrSelect }) => ({
      hash,
      pcrSelect: pcrSelect.map(() => 0),
    }));
    const pcrValues: Uint8Array[] = [];
    for (const { bank, pcr, selection } of selected(effectiveSelection(tpm, pcrSelectionIn))) {
      if (pcrValues.length === MOST_DIGESTS) break;
      pcrValues.push(readPcr(tpm, bank, pcr));
      const select = pcrSelectionOut[selection]?.pcrSelect;
      if (select) select[pcr >> 3] = (select[pcr >> 3] ?? 0) | (1 << (pcr & 7));
    }
    return { pcrUpdateCounter: tpm.state.reset.pcrCounter, pcrSelectionOut, pcrValues };
  },
});

export const TPM2_PCR_Allocate = command({
  code: TPM_CC.PCR_Allocate,
  name: 'TPM2_PCR_Allocate',
  spec: 'Part 3 §22.5',
  handles: platform,
  params: { pcrAllocation: TPML_PCR_SELECTION },
  returns: { allocationSuccess: TPMI_YES_NO, maxPCR: UINT32, sizeNeeded: UINT32, sizeAvailable: UINT32 },
  nv: true,
  // Banks that are not named stay as they are. What is there until the next _TPM_Init is not touched.
  run(tpm, { pcrAllocation }) {
    const { permanent } = tpm.state;
    const next = new Map(permanent.pcrAllocated);
    for (const { hash, pcrSelect } of pcrAllocation) next.set(hash, pcrSelect);
    const banks = [...next.values()];
    if (!banks.some(select => has(select, D_RTM)) || !banks.some(select => has(select, H_CRTM))) refuse(TPM_RC.PCR);
    permanent.pcrAllocatedNext = next;
    const sizeNeeded = [...next].reduce((bytes, [hash, select]) => bytes + selectedCount(select) * digestBytes(hash), 0);
    const sizeAvailable = PCR_COUNT * HASHES.reduce((bytes, hash) => bytes + hash.digestBytes, 0);
    return { allocationSuccess: 1, maxPCR: PCR_COUNT, sizeNeeded, sizeAvailable };
  },
});

export const TPM2_PCR_SetAuthPolicy = command({
  code: TPM_CC.PCR_SetAuthPolicy,
  name: 'TPM2_PCR_SetAuthPolicy',
  spec: 'Part 3 §22.6',
  handles: platform,
  params: { authPolicy: TPM2B_DIGEST, hashAlg: TPMI_ALG_HASH_NULL, pcrNum: TPMI_DH_PCR },
  returns: {},
  nv: true,
  run(tpm, { authPolicy, hashAlg, pcrNum }) {
    if (authPolicy.length !== digestBytes(hashAlg)) refuse(inParameter(1, TPM_RC.SIZE));
    if (!ruleOf(tpm, pcrNum).group) refuse(inParameter(3, TPM_RC.VALUE));
    const policy = (hashAlg === TPM_ALG.NULL ? { hashAlg } : { hashAlg, digest: authPolicy }) as PolicyHash;
    for (const pcr of pcrGroup(tpm)) tpm.state.permanent.pcrPolicies.set(pcr, policy);
    return {};
  },
});

export const TPM2_PCR_SetAuthValue = command({
  code: TPM_CC.PCR_SetAuthValue,
  name: 'TPM2_PCR_SetAuthValue',
  spec: 'Part 3 §22.7',
  handles: { pcrHandle: user(TPMI_DH_PCR) },
  params: { auth: TPM2B_DIGEST },
  returns: {},
  run(tpm, { pcrHandle, auth }) {
    if (!ruleOf(tpm, pcrHandle).group) refuse(TPM_RC.VALUE);
    for (const pcr of pcrGroup(tpm)) tpm.state.clear.pcrAuths.set(pcr, withoutTrailingZeros(auth));
    tpm.disorderly = true;
    return {};
  },
});

export const TPM2_PCR_Reset = command({
  code: TPM_CC.PCR_Reset,
  name: 'TPM2_PCR_Reset',
  spec: 'Part 3 §22.8',
  handles: { pcrHandle: user(TPMI_DH_PCR) },
  params: {},
  returns: {},
  nv: true,
  run(tpm, { pcrHandle }, { locality }) {
    if (!mayReset(tpm, pcrHandle, locality)) refuse(TPM_RC.LOCALITY);
    setPcr(tpm, pcrHandle);
    return {};
  },
});
