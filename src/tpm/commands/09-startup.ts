import { command } from '../command.ts';
import { shutdown, startup } from '../model/power.ts';
import { TPM_CC, TPM_SU_TYPE } from '../wire/index.ts';

// Part 3 §9.

export const TPM2_Startup = command({
  code: TPM_CC.Startup,
  name: 'TPM2_Startup',
  spec: 'Part 3 §9.3',
  params: { startupType: TPM_SU_TYPE },
  handles: {},
  returns: {},
  nv: true,
  sessions: 'none',
  run(tpm, { startupType }, { locality }) {
    startup(tpm, startupType, locality);
    return {};
  },
});

export const TPM2_Shutdown = command({
  code: TPM_CC.Shutdown,
  name: 'TPM2_Shutdown',
  spec: 'Part 3 §9.4',
  handles: {},
  params: { shutdownType: TPM_SU_TYPE },
  returns: {},
  nv: true,
  run(tpm, { shutdownType }) {
    shutdown(tpm, shutdownType);
    return {};
  },
});
