import { utf8 } from '../../../bytes/index.ts';
import { PARENT_HANDLE, selectPcr, WRAPPING_KEY_HANDLE, wrappingKeyPolicies } from '../../../svm/wrapping-key/index.ts';
import { NO_PASSWORD } from '../../../tpm/client/index.ts';
import {
  nameOf,
  TPM2_Load,
  TPM2_ObjectChangeAuth,
  TPM2_PolicyCommandCode,
  TPM2_PolicyOR,
  TPM2_PolicyPCR,
  TPM2_ReadPublic,
} from '../../../tpm/index.ts';
import { TPM_CC } from '../../../tpm/wire/index.ts';
import { openLockboxes, policySession } from './lockboxes.ts';
import type { Program, ProgramTools } from './program.ts';

const MINE = utf8('mine from now on');

export const policyB: Program = {
  name: 'policy-b',
  about: 'Gives the wrapping key a password of its own by branch B of its policy, and opens every lockbox with it (threat 20).',
  run,
};

async function run({ client, guest, firmware }: ProgramTools): Promise<string> {
  const { a, b } = wrappingKeyPolicies(firmware);
  const key = await client.call(TPM2_ReadPublic, { objectHandle: WRAPPING_KEY_HANDLE }, {});
  const parent = await client.call(TPM2_ReadPublic, { objectHandle: PARENT_HANDLE }, {});
  const session = await policySession(client);
  if (!key.ok || !parent.ok || !session) return 'no wrapping key, or no session';
  const policy = { policySession: session.handle };
  await client.call(TPM2_PolicyCommandCode, policy, { code: TPM_CC.ObjectChangeAuth });
  await client.call(TPM2_PolicyPCR, policy, { pcrDigest: new Uint8Array(0), pcrs: selectPcr(firmware.policyPcr) });
  const either = await client.call(TPM2_PolicyOR, policy, { pHashList: [a, b] });
  if (!either.ok) return `branch B is closed: ${either.detail}`;
  const changed = await client.call(
    TPM2_ObjectChangeAuth,
    { objectHandle: WRAPPING_KEY_HANDLE, parentHandle: PARENT_HANDLE },
    { newAuth: MINE },
    { sessions: [{ session }], names: [key.out.name, parent.out.name] },
  );
  if (!changed.ok) return `the password stays: ${changed.detail}`;
  const loaded = await client.call(
    TPM2_Load,
    { parentHandle: PARENT_HANDLE },
    { inPrivate: changed.out.outPrivate, inPublic: key.out.outPublic },
    { sessions: [NO_PASSWORD] },
  );
  if (!loaded.ok) return `the key with the new password does not load: ${loaded.detail}`;
  const mine = { handle: loaded.handle, name: nameOf(key.out.outPublic), password: MINE, branches: [a, b] as const };
  const opened = await openLockboxes(client, guest, mine);
  return opened > 0 ? `${opened} lockbox opened: the symmetric key of the blob is the hypervisor's` : 'no lockbox opens with this key';
}
