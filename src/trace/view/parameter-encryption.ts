import { concat, sameBytes, toHex } from '../../bytes/index.ts';
import { decryptCfb, digest, hmac, kdfA } from '../../crypto/index.ts';
import type { AnyEvent } from '../../sim/index.ts';
import { type InspectedField, inspectCommand, inspectResponse } from '../inspect/tpm-message.ts';

/** What an encrypted first parameter holds, for whoever knows the keys, and how one gets there. */
export interface Opened {
  /** Name of the parameter. */
  readonly name: string;
  readonly plaintext: Uint8Array;
  /** The derivation, step by step: what, and its value. */
  readonly steps: readonly (readonly [string, string])[];
}

interface Knowledge {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const ENCRYPT = 0x40;
const NOTHING: Knowledge = { name: 'none', bytes: new Uint8Array(0) };
/** AES-128-CFB: 16 bytes of key, 16 of IV. */
const KEY_BITS = 256;
/** A run with more secrets than this is no longer searched for the right pair. */
const MOST_SECRETS = 24;

/**
 * Opens the encrypted parameters of TPM responses with the secrets that somebody knows. Which secrets are the session's key and the
 * authorization value is found by trying: the HMAC of the response tells. Events must be shown in order, as they are seen.
 */
export class ParameterOpener {
  readonly #secrets: readonly Knowledge[];
  readonly #commands: { readonly code: number; readonly via: string; readonly bytes: Uint8Array }[] = [];

  /** `secrets`: those that the viewer knows. */
  constructor(secrets: readonly Knowledge[]) {
    this.#secrets = [NOTHING, ...secrets.slice(0, MOST_SECRETS)];
  }

  open(event: AnyEvent): Opened | null {
    const bytes = event.sights[0]?.bytes;
    if (this.#secrets.length === 1 || !bytes) return null;
    if (event.kind === 'tpm.command') this.#commands.push({ ...event.data, bytes });
    if (event.kind !== 'tpm.response') return null;
    const { code, via } = event.data;
    const at = this.#commands.findLastIndex(command => command.code === code && command.via === via);
    const [command] = at < 0 ? [] : this.#commands.splice(at);
    return command && event.data.rc === 0 ? this.#response(command.bytes, bytes, code) : null;
  }

  #response(command: Uint8Array, response: Uint8Array, code: number): Opened | null {
    const [asked, answered] = [inspectCommand(command).fields, inspectResponse(response, code).fields];
    const find = (fields: readonly InspectedField[], path: string) => fields.find(field => field.path === path);
    const session = answered.find(({ path, offset }) => path.endsWith('.sessionAttributes') && ((response[offset] ?? 0) & ENCRYPT) !== 0);
    const encrypted = answered.find(({ type }) => type.includes('encrypted'));
    if (!session || !encrypted) return null;
    const area = session.path.replace('.sessionAttributes', '');
    const [nonceTPM, nonceCaller, mac] = [find(answered, `${area}.nonce`), find(asked, `${area}.nonce`), find(answered, `${area}.hmac`)];
    const size = find(answered, 'parameterSize');
    if (!nonceTPM || !nonceCaller || !mac || !size) return null;
    const newer = contents(response, nonceTPM);
    const older = contents(command, nonceCaller);
    const from = size.offset + 4;
    const length = new DataView(response.buffer, response.byteOffset).getUint32(size.offset);
    const rpHash = digest('sha256', new Uint8Array(4), command.subarray(6, 10), response.subarray(from, from + length));
    const signed = concat(rpHash, newer, older, response.subarray(session.offset, session.offset + 1));
    for (const sessionKey of this.#secrets) {
      for (const authValue of this.#secrets) {
        const key = concat(sessionKey.bytes, authValue.bytes);
        if (key.length === 0 || !sameBytes(hmac('sha256', key, signed), contents(response, mac))) continue;
        return this.#decrypt(encrypted, contents(response, encrypted), { sessionKey, authValue, newer, older });
      }
    }
    return null;
  }

  #decrypt(
    { path }: InspectedField,
    ciphertext: Uint8Array,
    { sessionKey, authValue, newer, older }: { sessionKey: Knowledge; authValue: Knowledge; newer: Uint8Array; older: Uint8Array },
  ): Opened {
    const keyAndIv = kdfA('sha256', concat(sessionKey.bytes, authValue.bytes), 'CFB', newer, older, KEY_BITS);
    const [key, iv] = [keyAndIv.subarray(0, 16), keyAndIv.subarray(16)];
    const plaintext = decryptCfb(key, iv, ciphertext);
    const known = this.#secrets.find(({ bytes }) => bytes.length >= 8 && Buffer.from(plaintext).includes(Buffer.from(bytes)));
    return {
      name: path,
      plaintext,
      steps: [
        ...(known ? [['it holds', known.name] as const] : []),
        ['session key', `${sessionKey.name}: ${toHex(sessionKey.bytes) || 'empty'}`],
        ['authorization value', `${authValue.name}: ${toHex(authValue.bytes) || 'empty'}`],
        ['nonceTPM', toHex(newer)],
        ['nonceCaller', toHex(older)],
        ['HMAC of the response', 'fits: HMAC-SHA256(session key ‖ authorization value, rpHash ‖ nonceTPM ‖ nonceCaller ‖ attributes)'],
        ['key and IV', 'KDFa(SHA-256, session key ‖ authorization value, "CFB", nonceTPM, nonceCaller, 256 bits)'],
        ['AES-128 key', toHex(key)],
        ['IV', toHex(iv)],
      ],
    };
  }
}

/** What is in a TPM2B. */
const contents = (bytes: Uint8Array, { offset, length }: InspectedField): Uint8Array => bytes.subarray(offset + 2, offset + length);
