import { encryptedSymkey, findEsmBlob, lockboxFingerprints, readFdt } from '../../../svm/format/index.ts';
import type { ClientSession, TpmClient } from '../../../tpm/client/index.ts';
import { TPM2_FlushContext, TPM2_PolicyAuthValue, TPM2_PolicyCommandCode, TPM2_PolicyOR, TPM2_RSA_Decrypt } from '../../../tpm/index.ts';
import { TPM_ALG, TPM_CC } from '../../../tpm/wire/index.ts';
import type { StartedGuest } from '../reach.ts';

const NONE = new Uint8Array(0);

/** A key with which the TPM may be asked to decrypt: by policy A, one of two branches. */
export interface KeyToTry {
  readonly handle: number;
  readonly name: Uint8Array;
  readonly password: Uint8Array;
  readonly branches: readonly [a: Uint8Array, b: Uint8Array];
}

/** Asks the TPM to open each lockbox of the guest's blob; how many it opened. */
export async function openLockboxes(client: TpmClient, guest: StartedGuest | undefined, key: KeyToTry): Promise<number> {
  const { handle: keyHandle, name, password, branches } = key;
  let opened = 0;
  for (const cipherText of lockboxes(guest)) {
    const session = await policySession(client);
    if (!session) return opened;
    const policy = { policySession: session.handle };
    await client.call(TPM2_PolicyCommandCode, policy, { code: TPM_CC.RSA_Decrypt });
    await client.call(TPM2_PolicyAuthValue, policy, {});
    await client.call(TPM2_PolicyOR, policy, { pHashList: [...branches] });
    const auth = { session, authValue: password, attributes: 0, authValueInHmac: true };
    const input = { cipherText, inScheme: { scheme: TPM_ALG.NULL }, label: NONE };
    const answer = await client.call(TPM2_RSA_Decrypt, { keyHandle }, input, { sessions: [auth], names: [name] });
    if (answer.ok) opened++;
    else await client.call(TPM2_FlushContext, {}, { flushHandle: session.handle });
  }
  return opened;
}

export async function policySession(client: TpmClient): Promise<ClientSession | null> {
  const opened = await client.startSession({ kind: 'policy', symmetric: { algorithm: TPM_ALG.NULL } });
  return opened.ok ? opened.session : null;
}

/** The lockboxes of the guest's blob, which is a file of the host. */
function lockboxes(guest: StartedGuest | undefined): readonly Uint8Array[] {
  if (!guest) return [];
  const { esmBlob, initrd } = guest.files;
  const found = esmBlob ? null : findEsmBlob(initrd, 0n);
  const bytes = esmBlob ?? (found && found.blobOffset !== null ? initrd.subarray(found.blobOffset) : null);
  if (!bytes) return [];
  const blob = readFdt(bytes);
  return lockboxFingerprints(blob).flatMap(({ lockbox }) => encryptedSymkey(blob, lockbox) ?? []);
}
