import type { World } from '../sim/index.ts';
import { type TpmTransport, TransportError } from '../tpm/client/index.ts';
import { describeTpm } from '../tpm/index.ts';
import { type Backend, BackendError, recordExchange } from '../tpmrm/index.ts';

/**
 * Firmware's way to the TPM at host boot: directly, seen by nobody but firmware and TPM (docs/reference/decisions.md#traffic-of-firmware).
 */
export function firmwareTransport({ bus }: World, backend: Backend, host: string): TpmTransport {
  const route = {
    via: 'direct',
    from: 'firmware',
    seenBy: ['firmware', 'tpm'],
    place: { host },
    describe: describeTpm,
    causes: 'answer',
  } as const;
  return {
    transmit: command =>
      recordExchange(bus, route, command, async () => {
        try {
          return await backend.transmit(command);
        } catch (error) {
          if (error instanceof BackendError) throw new TransportError('TSS_RC_BAD_CONNECTION', error.message);
          throw error;
        }
      }),
  };
}
