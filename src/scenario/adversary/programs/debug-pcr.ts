import { NO_PASSWORD } from '../../../tpm/client/index.ts';
import { TPM2_PCR_Extend, TPM2_PCR_Reset } from '../../../tpm/index.ts';
import { TPM_ALG } from '../../../tpm/wire/index.ts';
import { outcome, type Program } from './program.ts';

const DEBUG_PCR = { pcrHandle: 16 };
const EMPTY_PASSWORD = { sessions: [NO_PASSWORD] };
const MARK_OF_ZEROS = { digests: [{ hashAlg: TPM_ALG.SHA256, digest: new Uint8Array(32) }] };

export const resetPcr: Program = {
  name: 'reset-pcr',
  about: 'Resets PCR 16, the debug register on which branch B of the policy hangs.',
  run: async ({ client }) => outcome(await client.call(TPM2_PCR_Reset, DEBUG_PCR, {}, EMPTY_PASSWORD)),
};

export const extendPcr: Program = {
  name: 'extend-pcr',
  about: 'Extends PCR 16: branch B of the policy is closed until somebody resets it.',
  run: async ({ client }) => outcome(await client.call(TPM2_PCR_Extend, DEBUG_PCR, MARK_OF_ZEROS, EMPTY_PASSWORD)),
};
