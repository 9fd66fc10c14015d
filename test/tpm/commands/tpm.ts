import { fromHex } from '../../../src/bytes/index.ts';
import { Clock, Random } from '../../../src/sim/index.ts';
import { Tpm, type TpmOptions } from '../../../src/tpm/index.ts';

/** A TPM of its own, TPM2_Startup(CLEAR) given. */
export function startedTpm(options: Partial<TpmOptions> = {}): Tpm {
  const tpm = new Tpm({ random: new Random('test'), clock: new Clock(), ...options });
  tpm.execute(fromHex('80010000000c000001440000'));
  return tpm;
}
