import type { Host } from '../../machine/index.ts';
import { TpmClient } from '../../tpm/client/index.ts';
import { TPM2_Startup } from '../../tpm/index.ts';
import { TPM_SU } from '../../tpm/wire/index.ts';

/** No command that a reset or a test bench sends has a nonce that matters. */
export const withoutChance = (count: number): Uint8Array => new Uint8Array(count);

/** Switches the TPM of a host off and on, and starts it as host root would: sessions and PCRs are gone, keys stay. */
export async function resetTpmOf({ chip }: Host): Promise<void> {
  await chip.backend.reset?.();
  await new TpmClient(chip.backend, withoutChance).call(TPM2_Startup, {}, { startupType: TPM_SU.CLEAR });
}
