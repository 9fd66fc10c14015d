import { UINT64 } from '../../bytes/index.ts';
import { command, user } from '../command.ts';
import { clockInfo, clockOf, timeOf } from '../model/time.ts';
import { inParameter, refuse } from '../refusal.ts';
import { TPM_CC, TPM_CLOCK_ADJUST_TYPE, TPM_RC, TPMI_RH_PROVISION, TPMS_TIME_INFO } from '../wire/index.ts';

// Part 3 §29: Clocks and Timers.

const handles = { auth: user(TPMI_RH_PROVISION) };
const LATEST = 0xffff_0000_0000_0000n;

export const TPM2_ReadClock = command({
  code: TPM_CC.ReadClock,
  name: 'TPM2_ReadClock',
  spec: 'Part 3 §29.1',
  handles: {},
  params: {},
  returns: { currentTime: TPMS_TIME_INFO },
  run: tpm => ({ currentTime: { time: timeOf(tpm), clockInfo: clockInfo(tpm) } }),
});

export const TPM2_ClockSet = command({
  code: TPM_CC.ClockSet,
  name: 'TPM2_ClockSet',
  spec: 'Part 3 §29.2',
  handles,
  params: { newTime: UINT64 },
  returns: {},
  nv: true,
  // Clock can only be put forward.
  run(tpm, { newTime }) {
    if (newTime > LATEST || newTime < clockOf(tpm)) refuse(inParameter(1, TPM_RC.VALUE));
    tpm.state.ram.clockAtPowerOn = newTime - timeOf(tpm);
    tpm.state.permanent.clock = newTime;
    return {};
  },
});

export const TPM2_ClockRateAdjust = command({
  code: TPM_CC.ClockRateAdjust,
  name: 'TPM2_ClockRateAdjust',
  spec: 'Part 3 §29.3',
  handles,
  params: { rateAdjust: TPM_CLOCK_ADJUST_TYPE },
  returns: {},
  // Virtual time has no drift that could be put right.
  run: () => ({}),
});
