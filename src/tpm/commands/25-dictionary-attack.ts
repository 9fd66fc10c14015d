import { UINT32 } from '../../bytes/index.ts';
import { command, user } from '../command.ts';
import { TPM_CC, TPMI_RH_LOCKOUT } from '../wire/index.ts';

// Part 3 §25.

const handles = { lockHandle: user(TPMI_RH_LOCKOUT) };

export const TPM2_DictionaryAttackLockReset = command({
  code: TPM_CC.DictionaryAttackLockReset,
  name: 'TPM2_DictionaryAttackLockReset',
  spec: 'Part 3 §25.2',
  handles,
  params: {},
  returns: {},
  nv: true,
  run(tpm) {
    tpm.state.permanent.failedTries = 0;
    return {};
  },
});

export const TPM2_DictionaryAttackParameters = command({
  code: TPM_CC.DictionaryAttackParameters,
  name: 'TPM2_DictionaryAttackParameters',
  spec: 'Part 3 §25.3',
  handles,
  params: { newMaxTries: UINT32, newRecoveryTime: UINT32, lockoutRecovery: UINT32 },
  returns: {},
  nv: true,
  run(tpm, { newMaxTries, newRecoveryTime, lockoutRecovery }) {
    Object.assign(tpm.state.permanent, { maxTries: newMaxTries, recoveryTime: newRecoveryTime, lockoutRecovery });
    return {};
  },
});
