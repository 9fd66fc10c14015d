import { command } from '../command.ts';
import { TPM_CC, TPMT_PUBLIC_PARMS } from '../wire/index.ts';

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
