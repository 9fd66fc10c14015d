import { command } from '../command.ts';
import { clockInfo, timeOf } from '../model/time.ts';
import { TPM_CC, TPMS_TIME_INFO } from '../wire/index.ts';

// Part 3 §29.

export const TPM2_ReadClock = command({
  code: TPM_CC.ReadClock,
  name: 'TPM2_ReadClock',
  spec: 'Part 3 §29.1',
  handles: {},
  params: {},
  returns: { currentTime: TPMS_TIME_INFO },
  run: tpm => ({ currentTime: { time: timeOf(tpm), clockInfo: clockInfo(tpm) } }),
});
