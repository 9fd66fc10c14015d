import { WRAPPING_KEY_HANDLE } from '../../../svm/wrapping-key/index.ts';
import { NO_PASSWORD } from '../../../tpm/client/index.ts';
import { TPM2_Clear, TPM2_EvictControl } from '../../../tpm/index.ts';
import { TPM_RH } from '../../../tpm/wire/index.ts';
import { outcome, type Program } from './program.ts';

const EMPTY_PASSWORD = { sessions: [NO_PASSWORD] };

export const evictKey: Program = {
  name: 'evict-key',
  about: 'Takes the wrapping key out of the TPM (threat 21).',
  async run({ client }) {
    const handles = { auth: TPM_RH.PLATFORM, objectHandle: WRAPPING_KEY_HANDLE };
    return outcome(await client.call(TPM2_EvictControl, handles, { persistentHandle: WRAPPING_KEY_HANDLE }, EMPTY_PASSWORD));
  },
};

export const clear: Program = {
  name: 'clear',
  about: 'Clears the TPM with the authorization of its platform (threat 21).',
  run: async ({ client }) => outcome(await client.call(TPM2_Clear, { authHandle: TPM_RH.PLATFORM }, {}, EMPTY_PASSWORD)),
};
