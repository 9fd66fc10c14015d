import { UINT32 } from '../../bytes/index.ts';
import { command, user } from '../command.ts';
import { effectiveSelection, extendPcr, mayExtend, mayReset, readPcr, selected, setPcr } from '../model/pcr/pcr.ts';
import { refuse } from '../refusal.ts';
import {
  TPM_CC,
  TPM_RC,
  TPM_RH,
  TPMI_DH_PCR,
  TPMI_DH_PCR_NULL,
  TPML_DIGEST,
  TPML_DIGEST_VALUES,
  TPML_PCR_SELECTION,
} from '../wire/index.ts';

// Part 3 §22.

const MOST_DIGESTS = 8;

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
    if (!mayExtend(pcrHandle, locality)) refuse(TPM_RC.LOCALITY);
    for (const { hashAlg, digest } of digests) extendPcr(tpm, pcrHandle, hashAlg, digest);
    return {};
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

export const TPM2_PCR_Reset = command({
  code: TPM_CC.PCR_Reset,
  name: 'TPM2_PCR_Reset',
  spec: 'Part 3 §22.8',
  handles: { pcrHandle: user(TPMI_DH_PCR) },
  params: {},
  returns: {},
  nv: true,
  run(tpm, { pcrHandle }, { locality }) {
    if (!mayReset(pcrHandle, locality)) refuse(TPM_RC.LOCALITY);
    setPcr(tpm, pcrHandle);
    return {};
  },
});
