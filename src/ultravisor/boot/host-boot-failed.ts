import { SimulatorError } from '../../sim/index.ts';
import type { Answer } from '../../tpm/client/index.ts';
import { TPM_ALG, type TPMT_PUBLIC } from '../../tpm/wire/index.ts';

/** The answer's values, or an error that says which command of host boot the TPM refused. */
export function must<R>(answer: Answer<R>): { readonly handle: number; readonly out: R } {
  if (answer.ok) return answer;
  throw hostBootFailed(answer.detail);
}

export const hostBootFailed = (detail: string): SimulatorError =>
  new SimulatorError('ultravisor.host-boot', {
    what: `host boot failed: ${detail}`,
    hint: 'The TPM must have an empty platform authorization and room for two persistent objects.',
    blame: 'environment',
  });

/** The modulus of an RSA key; host boot knows no other kind. */
export function modulusOf(publicArea: TPMT_PUBLIC): Uint8Array {
  if (publicArea.type === TPM_ALG.RSA) return publicArea.unique;
  throw hostBootFailed('a key at the handles 0x81800000 and 0x81800001 is no RSA key');
}
