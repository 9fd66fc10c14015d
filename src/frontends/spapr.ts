import { TpmSpapr, type VtpmBackend } from '../hcall/index.ts';
import type { FrontendBackend } from './backend/backend.ts';
import type { Frontend } from './frontend.ts';

export const tpmSpapr: Frontend = {
  model: 'tpm-spapr',
  bus: 'vio',
  about: 'Message queue on the VIO bus of pseries; no registers.',
  source: 'QEMU hw/tpm/tpm_spapr.c; PAPR+ 17.2',
  registers: [],
  localities: 1,
};

const NO_STATE = 'the state of this TPM moves with its machine';

/** A backend of any frontend behind a tpm-spapr. */
export function vtpmBackend(backend: FrontendBackend, name: string): VtpmBackend {
  return {
    type: backend.type,
    name,
    tpmVersion: backend.version,
    bufferBytes: TpmSpapr.largestBuffer,
    transmit: async bytes => (await backend.execute({ locality: 0, bytes })).response,
    async beforeReset() {
      await backend.bufferSize();
    },
    async reset() {
      await backend.start(TpmSpapr.largestBuffer, 'cold');
    },
    state: { refused: NO_STATE },
    close: () => backend.close(false),
  };
}
