import { sameBytes } from '../../../bytes/index.ts';
import { cryptParameter, responseDigest, sessionHmac } from '../../../tpm/index.ts';
import { TPM_ALG, TPM_CC } from '../../../tpm/wire/index.ts';
import { callAction, type Scene } from '../action.ts';

const CODE_AT = 6;
const AES_128_CFB = { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB } as const;
const HASH = TPM_ALG.SHA256;

export const openRecording = callAction({
  name: 'open-recording',
  about:
    'Decrypts a recorded answer of RSA_Decrypt with the password of the wrapping key, which somebody has betrayed meanwhile (threat 13).',
  at: ['hypercall'],
  fields: {},
  variants: () => [], // the password is beyond what a hypervisor has
  before(_plan, _fields, scene) {
    const opened = decryptRecording(scene);
    const { world, host, lpid } = scene;
    const [detail, sights] =
      opened === null
        ? ['the password does not open it: the session has a key of its own', []]
        : ['the password opens it', [{ what: 'the recorded answer, decrypted', bytes: opened, seenBy: ['hypervisor'] as const }]];
    const data = { action: 'open-recording', target: 'recorded RSA_Decrypt', detail };
    world.bus.emit('adversary', 'hypervisor', data, { sights, place: { host: host.name, lpid } });
  },
});

/** The plaintext; null: nothing was recorded, or the HMAC of the answer says that this is not the key. */
function decryptRecording({ host, recorded }: Scene): Uint8Array | null {
  const password = host.ultravisor.tpm?.wrappingKeyPasswd;
  const request = recorded('tpm-request').findLast(bytes => view(bytes).getUint32(CODE_AT) === TPM_CC.RSA_Decrypt);
  const response = recorded('tpm-response').findLast(bytes => view(bytes).getUint16(0) === 0x8002);
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
