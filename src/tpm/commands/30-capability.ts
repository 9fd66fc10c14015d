import { UINT32 } from '../../bytes/index.ts';
import { command } from '../command.ts';
import { capability } from '../model/capabilities.ts';
import { TPM_CAP_TYPE, TPM_CC, TPMI_YES_NO, TPMS_CAPABILITY_DATA, TPMT_PUBLIC_PARMS } from '../wire/index.ts';

// Part 3 §30: Capability Commands.

export const TPM2_GetCapability = command({
  code: TPM_CC.GetCapability,
  name: 'TPM2_GetCapability',
  spec: 'Part 3 §30.2',
  handles: {},
  params: { capability: TPM_CAP_TYPE, property: UINT32, propertyCount: UINT32 },
  returns: { moreData: TPMI_YES_NO, capabilityData: TPMS_CAPABILITY_DATA },
  run: (tpm, { capability: kind, property, propertyCount }) => capability(tpm, kind, property, propertyCount),
});

export const TPM2_TestParms = command({
  code: TPM_CC.TestParms,
  name: 'TPM2_TestParms',
  spec: 'Part 3 §30.3',
  handles: {},
  params: { parameters: TPMT_PUBLIC_PARMS },
  returns: {},
  // What this TPM has not is refused when the parameters are read.
  run: () => ({}),
});
