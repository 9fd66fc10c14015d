import { DecodeError, type Fields, Reader, readField } from '../../bytes/index.ts';
import { equal } from '../../crypto/index.ts';
import { hasTpmHeader } from '../../spec/index.ts';
import type { CommandRecord } from '../record.ts';
import { cryptParameter, EMPTY, exchangeFirst, responseDigest, sessionHmac } from '../session-crypto.ts';
import { explainRc, TPM_ST, TPMS_AUTH_RESPONSE } from '../wire/index.ts';
import type { Packet, PreparedAuth } from './packet.ts';
import { CONTINUE, ENCRYPT } from './session.ts';

/** What a response check found wrong, by the names of IBM's TSS (docs/reference/pef.md#errors-on-the-way-to-the-tpm, #the-unwrap). */
export type TssFault = 'TSS_RC_BAD_CONNECTION' | 'TSS_RC_MALFORMED_RESPONSE' | 'TSS_RC_HMAC_SIZE' | 'TSS_RC_HMAC_VERIFY';

export type Failure =
  /** The TPM refused. */
  | { readonly ok: false; readonly rc: number; readonly detail: string }
  /** There was no response, or it did not stand the checks. */
  | { readonly ok: false; readonly rc: null; readonly fault: TssFault; readonly detail: string };
export type RawAnswer = { readonly ok: true; readonly handle: number; readonly out: Readonly<Record<string, unknown>> } | Failure;

/** Told whether a response HMAC is right, it says whether to go on: a check of ours may be switched off to show what then happens. */
export type HmacCheck = (good: boolean, detail: string) => boolean;

const fault = (name: TssFault, detail: string): Failure => ({ ok: false, rc: null, fault: name, detail });

interface SessionAnswer {
  readonly nonce: Uint8Array;
  readonly sessionAttributes: number;
  readonly hmac: Uint8Array;
}

/**
 * Reads and checks a response; HMACs before anything is decrypted, over the parameters as they came
 * (docs/reference/pef.md#hmac-of-the-answer).
 */
export function readResponse(
  command: CommandRecord,
  packet: Packet,
  bytes: Uint8Array,
  checkHmac: HmacCheck,
  bytesBehind: 'refused' | 'ignored' = 'refused',
): RawAnswer {
  if (!hasTpmHeader(bytes)) return fault('TSS_RC_MALFORMED_RESPONSE', `${bytes.length} bytes are no response`);
  try {
    return new ResponseReader(command, packet, bytes, checkHmac, bytesBehind).read();
  } catch (error) {
    if (error instanceof DecodeError) return fault('TSS_RC_MALFORMED_RESPONSE', `response to ${command.name}: ${error.message}`);
    throw error;
  }
}

class ResponseReader {
  readonly #command: CommandRecord;
  readonly #packet: Packet;
  readonly #reader: Reader;
  readonly #checkHmac: HmacCheck;
  readonly #bytesBehind: 'refused' | 'ignored';

  constructor(command: CommandRecord, packet: Packet, bytes: Uint8Array, checkHmac: HmacCheck, bytesBehind: 'refused' | 'ignored') {
    this.#command = command;
    this.#packet = packet;
    this.#reader = new Reader(bytes);
    this.#checkHmac = checkHmac;
    this.#bytesBehind = bytesBehind;
  }

  read(): RawAnswer {
    const reader = this.#reader;
    const tag = reader.u16();
    const size = reader.u32();
    const rc = reader.u32();
    // The TSS takes a response of another length for one of another command.
    if (size !== reader.bytes.length)
      return fault('TSS_RC_BAD_CONNECTION', `the response has ${reader.bytes.length} bytes, its header says ${size}`);
    if (rc !== 0) return { ok: false, rc, detail: `${this.#command.name} gave ${explainRc(rc).text}` };
    const { auths } = this.#packet;
    if (tag !== (auths.length > 0 ? TPM_ST.SESSIONS : TPM_ST.NO_SESSIONS))
      return fault('TSS_RC_MALFORMED_RESPONSE', `tag 0x${tag.toString(16)} does not fit the command`);
    const handle = this.#command.returnsHandle === undefined ? 0 : reader.u32();
    const parameters = auths.length > 0 ? reader.take(reader.u32()) : reader.rest();
    const answers = auths.map(() => TPMS_AUTH_RESPONSE.read(reader));
    if (reader.remaining > 0) return fault('TSS_RC_MALFORMED_RESPONSE', `${reader.remaining} bytes are left over`);
    const failed = this.#checkSessions(answers, parameters);
    if (failed) return failed;
    const out = readFields(
      this.#command.returns,
      this.#decrypt(answers, parameters),
      this.#bytesBehind === 'ignored' && auths.length === 0,
    );
    this.#roll(answers);
    return { ok: true, handle, out };
  }

  #checkSessions(answers: readonly SessionAnswer[], parameters: Uint8Array): Failure | null {
    for (const [i, prepared] of this.#packet.auths.entries()) {
      const answer = answers[i];
      if (!answer) continue;
      const found = this.#checkSession(prepared, answer, parameters);
      if (found) return found;
    }
    return null;
  }

  #checkSession(prepared: PreparedAuth, { nonce, sessionAttributes, hmac }: SessionAnswer, parameters: Uint8Array): Failure | null {
    const { session, auth, hmacKey, nonceCaller } = prepared;
    const asPassword = !session || ('session' in auth && auth.asPassword === true);
    if (asPassword || (hmacKey.length === 0 && session.kind === 'policy')) {
      return hmac.length === 0 ? null : fault('TSS_RC_HMAC_SIZE', 'an HMAC where there can be none');
    }
    const rpHash = responseDigest(session.authHash, 0, this.#command.code, parameters);
    const key = this.#responseKey(prepared);
    const wanted = sessionHmac(session.authHash, key, rpHash, nonce, nonceCaller, EMPTY, sessionAttributes);
    const good = equal(wanted, hmac);
    const detail = good ? 'the response comes from who knows the key' : 'the response was changed or invented';
    if (this.#checkHmac(good, detail)) return null;
    return hmac.length === wanted.length
      ? fault('TSS_RC_HMAC_VERIFY', `the HMAC of the response to ${this.#command.name} is wrong`)
      : fault('TSS_RC_HMAC_SIZE', `the HMAC of the response to ${this.#command.name} has ${hmac.length} bytes`);
  }

  /** Changing a hierarchy's or an NV Index's own value: the response is keyed with the new one (Part 1 §19.6.4). */
  #responseKey({ session, auth, hmacKey }: PreparedAuth): Uint8Array {
    if (!session || !('session' in auth) || auth.newAuthValue === undefined) return hmacKey;
    return Uint8Array.from([...session.sessionKey, ...auth.newAuthValue]);
  }

  #decrypt(answers: readonly SessionAnswer[], parameters: Uint8Array): Uint8Array {
    const index = this.#packet.auths.findIndex(({ session, attributes }) => session !== null && (attributes & ENCRYPT) !== 0);
    const prepared = this.#packet.auths[index];
    const nonceTPM = answers[index]?.nonce;
    if (!prepared?.session || !nonceTPM) return parameters;
    const { session, nonceCaller } = prepared;
    const key =
      'session' in prepared.auth && prepared.auth.newAuthValue !== undefined ? this.#responseKey(prepared) : prepared.encryptionKey;
    const crypt = (data: Uint8Array) => cryptParameter('decrypt', session.authHash, session.symmetric, key, nonceTPM, nonceCaller, data);
    return exchangeFirst(parameters, crypt) ?? parameters;
  }

  /** Only a response that stood the checks moves a session on. */
  #roll(answers: readonly SessionAnswer[]): void {
    for (const [i, { session, nonceCaller, attributes }] of this.#packet.auths.entries()) {
      const answer = answers[i];
      if (!session || !answer || (attributes & CONTINUE) === 0) continue;
      session.nonceCaller = nonceCaller;
      session.nonceTPM = answer.nonce;
    }
  }
}

function readFields(fields: Fields, bytes: Uint8Array, moreBehind: boolean): Record<string, unknown> {
  const reader = new Reader(bytes);
  const values: Record<string, unknown> = {};
  for (const [name, codec] of Object.entries(fields)) values[name] = readField(reader, name, codec);
  if (reader.remaining > 0 && !moreBehind) reader.fail('trailing', `${reader.remaining} bytes left over`);
  return values;
}
