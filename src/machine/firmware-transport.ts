import type { World } from '../sim/index.ts';
import { type TpmTransport, TransportError } from '../tpm/client/index.ts';
import { describeTpm } from '../tpm/index.ts';
import { type Backend, BackendError } from '../tpmrm/index.ts';

const codeAt6 = (packet: Uint8Array): number => new DataView(packet.buffer, packet.byteOffset).getUint32(6);

/**
 * Firmware's way to the TPM at host boot: directly, seen by nobody but firmware and TPM (docs/reference/decisions.md#traffic-of-firmware).
 */
export function firmwareTransport({ bus }: World, backend: Backend, host: string): TpmTransport {
  return {
    async transmit(command) {
      const code = codeAt6(command);
      const name = describeTpm.command(code);
      const options = (what: string, bytes: Uint8Array) => ({
        sights: [{ what, bytes: bytes.slice(), seenBy: ['firmware', 'tpm'] as const }],
        place: { host },
      });
      const cause = bus.emit('tpm.command', 'firmware', { name, code, via: 'direct' }, options('command', command));
      let response: Uint8Array;
      try {
        response = await backend.transmit(command);
      } catch (error) {
        if (error instanceof BackendError) throw new TransportError('TSS_RC_BAD_CONNECTION', error.message);
        throw error;
      }
      const rc = codeAt6(response);
      bus.emit(
        'tpm.response',
        'tpm',
        { name, code, via: 'direct', rc, rcName: describeTpm.response(rc) },
        { ...options('response', response), cause },
      );
      return response;
    },
  };
}
