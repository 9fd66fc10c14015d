import { sameBytes } from '../../../bytes/index.ts';
import { codeOf, tagOf } from '../../../spec/index.ts';
import { cryptParameter, responseDigest, sessionHmac } from '../../../tpm/index.ts';
import { TPM_ALG, TPM_CC, TPM_ST } from '../../../tpm/wire/index.ts';
import { callAction } from '../action.ts';
import type { Scene } from '../scene.ts';

const AES_128_CFB = { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB } as const;
const HASH = TPM_ALG.SHA256;

export const openRecording = callAction({
  name: 'open-recording',
  about:
    'Decrypts a recorded answer of RSA_Decrypt with the password of the wrapping key, which somebody has betrayed meanwhile (threat 13).',
  at: ['hypercall'],
  fields: {},
  betrayed: ['wrapping-key-passwd'],
  variants: () => [], // the password is beyond what a hypervisor has
  before(_plan, _fields, scene) {
    const opened = decryptRecording(scene);
    const sights = opened ? [{ what: 'the recorded answer, decrypted', bytes: opened, seenBy: ['hypervisor'] as const }] : [];
    const detail = opened ? 'the password opens it' : 'the password does not open it: the session has a key of its own';
    scene.tell('recorded RSA_Decrypt', detail, { action: 'open-recording', sights });
  },
});

/** The plaintext; null: nothing was recorded, or the HMAC of the answer says that this is not the key. */
function decryptRecording({ betrayed, recorded }: Scene<'wrapping-key-passwd'>): Uint8Array | null {
  const password = betrayed['wrapping-key-passwd'];
  const request = recorded('tpm-request').findLast(bytes => codeOf(bytes) === TPM_CC.RSA_Decrypt);
  const response = recorded('tpm-response').findLast(bytes => tagOf(bytes) === TPM_ST.SESSIONS);
  if (!password || !request || !response) return null;
  // Request: header, key handle, length of the authorization area, session handle, nonceCaller.
  const nonceCaller = sized(request, 22);
  // Response: header, length of the parameters, outData; nonceTPM, attributes, HMAC.
  const parameters = response.subarray(14, 14 + view(response).getUint32(10));
  const behind = 14 + parameters.length;
  const nonceTPM = sized(response, behind);
  const attributes = response[behind + 2 + nonceTPM.length] ?? 0;
  const hmac = sized(response, behind + 3 + nonceTPM.length);
  const rpHash = responseDigest(HASH, 0, TPM_CC.RSA_Decrypt, parameters);
  if (!sameBytes(sessionHmac(HASH, password, rpHash, nonceTPM, nonceCaller, new Uint8Array(0), attributes), hmac)) return null;
  return cryptParameter('decrypt', HASH, AES_128_CFB, password, nonceTPM, nonceCaller, sized(parameters, 0));
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const sized = (bytes: Uint8Array, at: number): Uint8Array => bytes.subarray(at + 2, at + 2 + view(bytes).getUint16(at));
