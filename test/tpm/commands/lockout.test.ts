import { expect } from 'chai';
import { Clock } from '../../../src/sim/index.ts';
import type { TpmClient } from '../../../src/tpm/client/index.ts';
import { TPM2_DictionaryAttackParameters, TPM2_GetCapability, TPM2_NV_DefineSpace, TPM2_NV_Read } from '../../../src/tpm/index.ts';
import { TPM_ALG, TPM_CAP, TPM_PT, TPM_RH, TPMA_NV } from '../../../src/tpm/wire/index.ts';
import { clientOf, must, outcome, startedTpm } from '../help.ts';
import { EMPTY, NO_PASSWORD } from './keys.ts';

const PASSWORD = { sessions: [NO_PASSWORD] };
const INDEX = 0x0180_0000;
const WRONG = { sessions: [{ password: Uint8Array.of(9) }] };
const guess = async (client: TpmClient): Promise<string> =>
  outcome(await client.call(TPM2_NV_Read, { authHandle: INDEX, nvIndex: INDEX }, { size: 1, offset: 0 }, WRONG));

/** Failed tries that are counted. */
async function counted(client: TpmClient): Promise<number | undefined> {
  const input = { capability: TPM_CAP.TPM_PROPERTIES, property: TPM_PT.LOCKOUT_COUNTER, propertyCount: 1 };
  const { capabilityData } = must(await client.call(TPM2_GetCapability, {}, input)).out;
  return capabilityData.capability === TPM_CAP.TPM_PROPERTIES ? capabilityData.data[0]?.value : undefined;
}

describe('dictionary attack protection (Part 1 §19.8)', () => {
  it('forgives a failed try every recoveryTime from the last failure on, however often it is looked at', async () => {
    const clock = new Clock();
    const client = clientOf(startedTpm(1, clock));
    const parameters = { newMaxTries: 5, newRecoveryTime: 10, lockoutRecovery: 1000 };
    must(await client.call(TPM2_DictionaryAttackParameters, { lockHandle: TPM_RH.LOCKOUT }, parameters, PASSWORD));
    const publicInfo = {
      nvIndex: INDEX,
      nameAlg: TPM_ALG.SHA256,
      attributes: TPMA_NV.bit.AUTHREAD | TPMA_NV.bit.AUTHWRITE,
      authPolicy: EMPTY,
      dataSize: 8,
    } as const;
    must(await client.call(TPM2_NV_DefineSpace, { authHandle: TPM_RH.OWNER }, { auth: Uint8Array.of(1), publicInfo }, PASSWORD));
    const guesses = [];
    for (let i = 0; i < 4; i++) guesses.push(await guess(client));
    expect(guesses[0], 'the first use after Startup').to.contain('TPM_RC_RETRY');
    for (const one of guesses.slice(1)) expect(one).to.contain('TPM_RC_AUTH_FAIL');
    const seen = [];
    for (const seconds of [0, 9, 6, 4, 1, 9, 1]) {
      clock.advanceMs(seconds * 1000);
      seen.push(await counted(client));
    }
    // After 0, 9, 15, 19, 20, 29, 30 seconds.
    expect(seen).to.deep.equal([3, 3, 2, 2, 1, 1, 0]);
  });
});
