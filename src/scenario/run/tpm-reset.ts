import type { Host } from '../../machine/index.ts';

const STARTUP_CLEAR = Uint8Array.from(Buffer.from('80010000000c000001440000', 'hex'));

/** Switches the TPM of a host off and on, and starts it as host root would: sessions and PCRs are gone, keys stay. */
export async function resetTpmOf({ chip }: Host): Promise<void> {
  await chip.backend.reset?.();
  await chip.backend.transmit(STARTUP_CLEAR);
}
