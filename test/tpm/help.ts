import { Clock, Random } from '../../src/sim/index.ts';
import { type Answer, TpmClient, type TpmTransport } from '../../src/tpm/client/index.ts';
import { Tpm, type TpmVersion } from '../../src/tpm/index.ts';
import { explainRc } from '../../src/tpm/wire/index.ts';

/** A TPM before Startup. */
export function tpmOf(seed: string | number = 1, clock = new Clock(), version?: TpmVersion): Tpm {
  return new Tpm({ random: new Random(seed), clock, ...(version ? { version } : {}) });
}

export const transportTo = (tpm: Tpm): TpmTransport => ({ transmit: async command => tpm.execute(command) });

export function clientOf(tpm: Tpm, seed: string | number = 'client'): TpmClient {
  const random = new Random(seed);
  return new TpmClient(transportTo(tpm), count => random.bytes(count));
}

const STARTUP_CLEAR = Uint8Array.of(0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0);

/** A TPM after Startup(CLEAR). */
export function startedTpm(seed: string | number = 1, clock = new Clock(), version?: TpmVersion): Tpm {
  const tpm = tpmOf(seed, clock, version);
  tpm.execute(STARTUP_CLEAR);
  return tpm;
}

/** The answer's handle and values, or an error that says what went wrong. */
export function must<R>(answer: Answer<R>): { readonly handle: number; readonly out: R } {
  if (answer.ok) return answer;
  throw new Error(answer.rc === null ? `${answer.fault}: ${answer.detail}` : answer.detail);
}

/** `TPM_RC_VALUE, parameter 1 (0x1c4)`, `ok`, or the fault. */
export function outcome(answer: Answer<unknown>): string {
  if (answer.ok) return 'ok';
  return answer.rc === null ? answer.fault : explainRc(answer.rc).text;
}
