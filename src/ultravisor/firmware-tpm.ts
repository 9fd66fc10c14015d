import { padOaep, oaepLabel, publicKeyObject, rsaPublic } from '../crypto/index.ts';
import { SimulatorError } from '../sim/index.ts';
import { type Answer, type ClientSession, TPM2_StartAuthSession, type TpmClient } from '../tpmx/index.ts';
import { kdfA } from '../crypto/index.ts';

/** Handles of the wrapping key and its parent, in the platform's range (skiboot libstb/tss2/opalcreate.c). */
export const PARENT_HANDLE = 0x8180_0000;
export const WRAPPING_KEY_HANDLE = 0x8180_0001;
export const SHA256 = 0x000b;
const RH_NULL = 0x4000_0007;
const POLICY = 1;
const AES128_CFB = { algorithm: 0x0006, keyBits: 128, mode: 0x0043 } as const;
const NONCE_BYTES = 32;

/** The answer's values, or an error that says which command of host boot the TPM refused. */
export function must<R>(answer: Answer<R>, what: string): { readonly handle: number; readonly out: R } {
  if (answer.ok) return answer;
  throw new SimulatorError('ultravisor.host-boot', {
    what: `host boot failed: ${what}: ${answer.detail}`,
    hint: 'The TPM must have an empty platform authorization and room for two persistent objects.',
    blame: 'environment',
  });
}

/** Opens a policy session with response encryption; with a modulus, salted to that key. Plain data. */
export async function openPolicySession(
  client: TpmClient,
  random: (count: number) => Uint8Array,
  salt: { readonly handle: number; readonly n: Uint8Array } | null,
): Promise<Answer<unknown> & { readonly session?: ClientSession }> {
  const nonceCaller = random(NONCE_BYTES);
  const secret = salt ? random(32) : new Uint8Array(0);
  const encryptedSalt = salt
    ? rsaPublic(publicKeyObject(salt.n, 65537), padOaep('sha256', secret, salt.n.length, oaepLabel('SECRET'), random))
    : new Uint8Array(0);
  const answer = await client.call(
    TPM2_StartAuthSession,
    { tpmKey: salt?.handle ?? RH_NULL, bind: RH_NULL },
    { nonceCaller, encryptedSalt, sessionType: POLICY, symmetric: AES128_CFB, authHash: SHA256 },
  );
  if (!answer.ok) return answer;
  const { nonceTPM } = answer.out;
  // Part 1 §19.6.8: neither bound nor salted means no session key at all.
  const sessionKey = salt ? kdfA('sha256', secret, 'ATH', nonceTPM, nonceCaller, 256) : new Uint8Array(0);
  return { ...answer, session: { handle: answer.handle, sessionKey, nonceTPM } };
}
