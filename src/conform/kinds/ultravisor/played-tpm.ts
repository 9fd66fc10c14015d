import { createPrivateKey } from 'node:crypto';
import { fromHex } from '../../../bytes/index.ts';
import { rsaKeyOf } from '../../../crypto/index.ts';
import { createWorld } from '../../../sim/index.ts';
import {
  PARENT_HANDLE,
  PARENT_TEMPLATE,
  WRAPPING_KEY_HANDLE,
  wrappingKeyPolicies,
  wrappingKeyTemplate,
} from '../../../svm/wrapping-key/index.ts';
import { type Answer, duplicateForImport, NO_PASSWORD, rsaSensitive, TpmClient } from '../../../tpm/client/index.ts';
import {
  nameOf,
  TPM2_CreatePrimary,
  TPM2_EvictControl,
  TPM2_FlushContext,
  TPM2_Import,
  TPM2_Load,
  TPM2_ReadPublic,
  TPM2_Startup,
  Tpm,
} from '../../../tpm/index.ts';
import { TPM_RH, TPM_SU } from '../../../tpm/wire/index.ts';

const EMPTY = new Uint8Array(0);
const AUTH = { sessions: [NO_PASSWORD] } as const;

/** A TPM that holds a wrapping key whose private half is known, with a password. */
export interface HeldKey {
  readonly tpm: Tpm;
  readonly name: Uint8Array;
}

function must<R>(answer: Answer<R>): { readonly handle: number; readonly out: R } {
  if (answer.ok) return answer;
  throw new Error(`the TPM of the recording cannot be set up: ${answer.detail}`);
}

/** The TPM as the recording had it before a case: parent and wrapping key in their places, nothing else. */
export async function tpmWithKey(pem: string, passwordHex: string): Promise<HeldKey> {
  const { random, clock, secrets } = createWorld('conform');
  const tpm = new Tpm({ random: random.fork('tpm'), clock, secrets });
  const chance = random.fork('client');
  const bytes = (count: number): Uint8Array => chance.bytes(count);
  const client = new TpmClient({ transmit: async command => tpm.execute(command) }, bytes);
  const keep = async (handle: number, persistentHandle: number): Promise<void> => {
    must(await client.call(TPM2_EvictControl, { auth: TPM_RH.PLATFORM, objectHandle: handle }, { persistentHandle }, AUTH));
    must(await client.call(TPM2_FlushContext, {}, { flushHandle: handle }));
  };
  await client.call(TPM2_Startup, {}, { startupType: TPM_SU.CLEAR });
  const template = { inSensitive: { userAuth: EMPTY, data: EMPTY }, inPublic: PARENT_TEMPLATE, outsideInfo: EMPTY, creationPCR: [] };
  await keep(must(await client.call(TPM2_CreatePrimary, { primaryHandle: TPM_RH.PLATFORM }, template, AUTH)).handle, PARENT_HANDLE);
  const parent = must(await client.call(TPM2_ReadPublic, { objectHandle: PARENT_HANDLE }, {})).out.outPublic;
  const rsa = rsaKeyOf(createPrivateKey(pem));
  const inPublic = wrappingKeyTemplate(wrappingKeyPolicies({ policyPcr: 16 }), rsa.n);
  // Handed over as text with a NUL.
  const password = fromHex(passwordHex).slice(0, -1);
  const params = duplicateForImport(inPublic, rsaSensitive(rsa, password), parent, bytes);
  const { outPrivate: inPrivate } = must(await client.call(TPM2_Import, { parentHandle: PARENT_HANDLE }, params, AUTH)).out;
  await keep(
    must(await client.call(TPM2_Load, { parentHandle: PARENT_HANDLE }, { inPrivate, inPublic }, AUTH)).handle,
    WRAPPING_KEY_HANDLE,
  );
  return { tpm, name: nameOf(inPublic) };
}
