import type { World } from '../sim/index.ts';
import { Tpm } from '../tpm/index.ts';

/** The TPM that is built in; `name` tells its chance from that of other TPMs of the same world. */
export function embeddedTpm({ random, clock, secrets }: World, name: string): Tpm {
  return new Tpm({ random: random.fork(`tpm of ${name}`), clock, secrets });
}
