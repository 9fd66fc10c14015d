import type { Host } from '../../machine/index.ts';
import type { World } from '../../sim/index.ts';
import { encryptedSymkey, findEsmBlob, lockboxFingerprints, readFdt } from '../../svm/format/index.ts';
import { type Answer, type ClientSession, NO_PASSWORD, TpmClient, type TpmTransport, TransportError } from '../../tpm/client/index.ts';
import {
  nameOf,
  TPM2_Clear,
  TPM2_EvictControl,
  TPM2_FlushContext,
  TPM2_Load,
  TPM2_ObjectChangeAuth,
  TPM2_PCR_Extend,
  TPM2_PCR_Reset,
  TPM2_PolicyAuthValue,
  TPM2_PolicyCommandCode,
  TPM2_PolicyOR,
  TPM2_PolicyPCR,
  TPM2_ReadPublic,
  TPM2_RSA_Decrypt,
} from '../../tpm/index.ts';
import { TPM_ALG, TPM_CC, TPM_RH } from '../../tpm/wire/index.ts';
import type { HostFile } from '../../tpmrm/index.ts';
import { guestOf } from './regions.ts';

const PARENT = 0x8180_0000;
const KEY = 0x8180_0001;
const NONE = new Uint8Array(0);
const MAX_RESPONSE = 4096;
const DEBUG_PCR = 16;
const MARK_OF_ZEROS = { digests: [{ hashAlg: TPM_ALG.SHA256, digest: new Uint8Array(32) }] };

/** Programs of TPM commands that a root of the host can run beside the Ultravisor's, in a space of its own. */
export const PROGRAMS = {
  'policy-b': 'Gives the wrapping key a password of its own by branch B of its policy, and opens every lockbox with it (threat 20).',
  decrypt: 'Asks the TPM to open the lockbox without the password (threat 19).',
  'evict-key': 'Takes the wrapping key out of the TPM (threat 21).',
  clear: 'Clears the TPM with the authorization of its platform (threat 21).',
  'reset-pcr': 'Resets PCR 16, the debug register on which branch B of the policy hangs.',
  'extend-pcr': 'Extends PCR 16: branch B of the policy is closed until somebody resets it.',
} as const;
export type Program = keyof typeof PROGRAMS;

/** Runs a program; what came of it, in a line. */
export function runProgram(program: Program, host: Host, world: World, lpid: number): Promise<string> {
  return inOwnSpace(host, world, async client => {
    switch (program) {
      case 'policy-b':
        return policyB(client, host, lpid);
      case 'decrypt':
        return decryptWithout(client, host, lpid);
      case 'evict-key':
        return outcome(await evict(client));
      case 'clear':
        return outcome(await client.call(TPM2_Clear, { authHandle: TPM_RH.PLATFORM }, {}, { sessions: [NO_PASSWORD] }));
      case 'reset-pcr':
        return outcome(await client.call(TPM2_PCR_Reset, { pcrHandle: DEBUG_PCR }, {}, { sessions: [NO_PASSWORD] }));
      case 'extend-pcr':
        return outcome(await client.call(TPM2_PCR_Extend, { pcrHandle: DEBUG_PCR }, MARK_OF_ZEROS, { sessions: [NO_PASSWORD] }));
    }
  });
}

/** Runs commands of the host's root on a descriptor of its own, and with it in a space of its own. */
export async function inOwnSpace(host: Host, world: World, body: (client: TpmClient) => Promise<string>): Promise<string> {
  const opened = await host.hypervisor.files.open('/dev/tpmrm0');
  if (!('value' in opened)) return 'the TPM cannot be opened';
  const random = world.random.fork(`adversary ${world.bus.snapshot()}`);
  try {
    return await body(new TpmClient(overFile(opened.value), count => random.bytes(count)));
  } finally {
    await opened.value.close();
  }
}

const outcome = (answer: Answer<unknown>): string => (answer.ok ? 'done' : `refused: ${answer.detail}`);

function overFile(file: HostFile): TpmTransport {
  return {
    async transmit(command) {
      const written = await file.write(command);
      if (!('value' in written)) throw new TransportError('TSS_RC_BAD_CONNECTION', 'the TPM takes no command');
      const read = await file.read(MAX_RESPONSE);
      if (!('value' in read)) throw new TransportError('TSS_RC_BAD_CONNECTION', 'the TPM gives no response');
      return read.value;
    },
  };
}

const evict = (client: TpmClient) =>
  client.call(TPM2_EvictControl, { auth: TPM_RH.PLATFORM, objectHandle: KEY }, { persistentHandle: KEY }, { sessions: [NO_PASSWORD] });

async function policySession(client: TpmClient): Promise<ClientSession | null> {
  const opened = await client.startSession({ kind: 'policy', symmetric: { algorithm: TPM_ALG.NULL } });
  return opened.ok ? opened.session : null;
}

/** The lockboxes of the guest's blob, which is a file of the host. */
function lockboxes(host: Host, lpid: number): readonly Uint8Array[] {
  const spec = guestOf(host, lpid)?.spec;
  if (!spec) return [];
  const found = spec.esmBlob ? null : findEsmBlob(spec.initrd, 0n);
  const bytes = spec.esmBlob ?? (found && found.blobOffset !== null ? spec.initrd.subarray(found.blobOffset) : null);
  if (!bytes) return [];
  const blob = readFdt(bytes);
  return lockboxFingerprints(blob).flatMap(({ lockbox }) => encryptedSymkey(blob, lockbox) ?? []);
}

async function policyB(client: TpmClient, host: Host, lpid: number): Promise<string> {
  const { policyA, policyB: branchB } = host.ultravisor.tpm ?? {};
  if (!policyA || !branchB) return 'no policies are known';
  const key = await client.call(TPM2_ReadPublic, { objectHandle: KEY }, {});
  const parent = await client.call(TPM2_ReadPublic, { objectHandle: PARENT }, {});
  const session = await policySession(client);
  if (!key.ok || !parent.ok || !session) return 'no wrapping key, or no session';
  const policy = { policySession: session.handle };
  await client.call(TPM2_PolicyCommandCode, policy, { code: TPM_CC.ObjectChangeAuth });
  const pcrSelect =
    host.ultravisor.profile.policyPcr === 16 ? Uint8Array.of(0, 0, 1) : Uint8Array.of(1 << host.ultravisor.profile.policyPcr, 0, 0);
  await client.call(TPM2_PolicyPCR, policy, { pcrDigest: NONE, pcrs: [{ hash: TPM_ALG.SHA256, pcrSelect }] });
  const either = await client.call(TPM2_PolicyOR, policy, { pHashList: [policyA, branchB] });
  if (!either.ok) return `branch B is closed: ${either.detail}`;
  const mine = new TextEncoder().encode('mine from now on');
  const changed = await client.call(
    TPM2_ObjectChangeAuth,
    { objectHandle: KEY, parentHandle: PARENT },
    { newAuth: mine },
    { sessions: [{ session }], names: [key.out.name, parent.out.name] },
  );
  if (!changed.ok) return `the password stays: ${changed.detail}`;
  const loaded = await client.call(
    TPM2_Load,
    { parentHandle: PARENT },
    { inPrivate: changed.out.outPrivate, inPublic: key.out.outPublic },
    { sessions: [NO_PASSWORD] },
  );
  if (!loaded.ok) return `the key with the new password does not load: ${loaded.detail}`;
  const opened = await openBoxes(client, loaded.handle, nameOf(key.out.outPublic), mine, [policyA, branchB], lockboxes(host, lpid));
  return opened > 0 ? `${opened} lockbox opened: the symmetric key of the blob is the hypervisor's` : 'no lockbox opens with this key';
}

async function openBoxes(
  client: TpmClient,
  keyHandle: number,
  name: Uint8Array,
  password: Uint8Array,
  pHashList: Uint8Array[],
  boxes: readonly Uint8Array[],
): Promise<number> {
  let opened = 0;
  for (const cipherText of boxes) {
    const session = await policySession(client);
    if (!session) return opened;
    const policy = { policySession: session.handle };
    await client.call(TPM2_PolicyCommandCode, policy, { code: TPM_CC.RSA_Decrypt });
    await client.call(TPM2_PolicyAuthValue, policy, {});
    await client.call(TPM2_PolicyOR, policy, { pHashList });
    const auth = { session, authValue: password, attributes: 0, authValueInHmac: true };
    const input = { cipherText, inScheme: { scheme: TPM_ALG.NULL }, label: NONE };
    const answer = await client.call(TPM2_RSA_Decrypt, { keyHandle }, input, { sessions: [auth], names: [name] });
    if (answer.ok) opened++;
    else await client.call(TPM2_FlushContext, {}, { flushHandle: session.handle });
  }
  return opened;
}

/** Policy A with a password that is guessed: empty. */
async function decryptWithout(client: TpmClient, host: Host, lpid: number): Promise<string> {
  const { policyA, policyB: branchB } = host.ultravisor.tpm ?? {};
  const key = await client.call(TPM2_ReadPublic, { objectHandle: KEY }, {});
  if (!key.ok || !policyA || !branchB) return 'no wrapping key';
  const opened = await openBoxes(client, KEY, nameOf(key.out.outPublic), NONE, [policyA, branchB], lockboxes(host, lpid));
  return opened > 0 ? `${opened} lockbox opened` : 'the TPM refuses: the password is not known';
}
