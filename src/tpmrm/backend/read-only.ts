import { message } from '../wire.ts';
import type { Backend } from './backend.ts';

/** Why a command would change the TPM for good; null: it would not. This room has no table of commands: whoever opens a TPM gives it. */
export type LastingChange = (command: Uint8Array) => string | null;

/** TSS2_RESMGR_TPM_RC_LAYER and TPM_RC_DISABLED: refused in front of the TPM, as a resource manager says it. */
const REFUSED = 0x000b_0120;

/** A TPM that is looked at and not changed: what would change it for good gets TPM_RC_DISABLED and does not reach it. */
export function readOnly(backend: Backend, lastingChange: LastingChange, onRefused: (why: string) => void): Backend {
  return {
    name: `${backend.name} (read only)`,
    async transmit(command) {
      const why = lastingChange(command);
      if (why === null) return backend.transmit(command);
      onRefused(why);
      return message(REFUSED);
    },
    pause: async ms => backend.pause?.(ms),
    close: () => backend.close(),
  };
}
