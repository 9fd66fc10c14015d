import { concat, DecodeError, type Fields, Reader, readField, type StructValue, Writer } from '../bytes/index.ts';
import { decryptCfb, digest, equal, hmac, kdfA } from '../crypto/index.ts';
import { type TpmTransport, TransportError } from '../tpm/client/transport.ts';
import type { Command, HandleUse } from './tpm.ts';

export interface ClientSession { handle: number; sessionKey: Uint8Array; nonceTPM: Uint8Array }
export type Auth =
  | { readonly password: Uint8Array }
  | { readonly session: ClientSession; readonly authValue: Uint8Array; readonly attributes: number; readonly authValueInHmac: boolean };
export type Answer<R> =
  | { readonly ok: true; readonly handle: number; readonly out: R }
  | { readonly ok: false; readonly rc: number; readonly detail: string }
  | { readonly ok: false; readonly rc: null; readonly fault: string; readonly detail: string };
const u32 = (v: number): Uint8Array => Uint8Array.of(v >>> 24, v >>> 16, v >>> 8, v);
const NONE = new Uint8Array(0);
const ENCRYPT = 0x40;

export class TpmClient {
  readonly #transport: TpmTransport;
  readonly #random: (count: number) => Uint8Array;
  constructor(transport: TpmTransport, random: (count: number) => Uint8Array) {
    this.#transport = transport;
    this.#random = random;
  }

  async call<H extends Readonly<Record<string, HandleUse>>, P extends Fields, R extends Fields>(
    command: Command<H, P, R>,
    handles: { readonly [K in keyof H]: number },
    params: StructValue<P>,
    { auths = [], names, checkHmac = () => true }: { auths?: readonly Auth[]; names?: readonly Uint8Array[]; checkHmac?: (good: boolean) => boolean } = {},
  ): Promise<Answer<StructValue<R>>> {
    const numbers = Object.keys(command.handles).map(key => handles[key as keyof H]);
    const body = new Writer();
    for (const [key, codec] of Object.entries(command.params)) codec.write(body, (params as Readonly<Record<string, unknown>>)[key]);
    const parameters = body.done();
    const cpHash = digest('sha256', u32(command.code), ...(names ?? numbers.map(u32)), parameters);
    const nonces = auths.map(auth => ('password' in auth ? NONE : this.#random(32)));
    const area = new Writer();
    auths.forEach((auth, i) => writeAuth(area, auth, nonces[i] ?? NONE, cpHash));
    const packet = new Writer();
    packet.u16(auths.length > 0 ? 0x8002 : 0x8001);
    packet.u32(10 + numbers.length * 4 + (auths.length > 0 ? 4 + area.length : 0) + parameters.length);
    packet.u32(command.code);
    for (const handle of numbers) packet.u32(handle);
    if (auths.length > 0) {
      packet.u32(area.length);
      packet.raw(area.done());
    }
    packet.raw(parameters);
    try {
      return this.#read(command, auths, nonces, await this.#transport.transmit(packet.done()), checkHmac);
    } catch (error) {
      if (error instanceof TransportError) return { ok: false, rc: null, fault: error.tssCode, detail: error.message };
      if (error instanceof DecodeError) return { ok: false, rc: null, fault: 'TSS_RC_MALFORMED_RESPONSE', detail: error.message };
      throw error;
    }
  }

  #read<H extends Readonly<Record<string, HandleUse>>, P extends Fields, R extends Fields>(command: Command<H, P, R>, auths: readonly Auth[], nonces: readonly Uint8Array[], response: Uint8Array, checkHmac: (good: boolean) => boolean): Answer<StructValue<R>> {
    const reader = new Reader(response);
    const tag = reader.u16();
    reader.u32();
    const rc = reader.u32();
    if (rc !== 0) return { ok: false, rc, detail: `${command.name} gave 0x${rc.toString(16)}` };
    const handle = command.responseHandle ? reader.u32() : 0;
    let parameters = tag === 0x8002 ? reader.take(reader.u32()) : reader.rest();
    const rpHash = digest('sha256', u32(0), u32(command.code), parameters);
    for (const [i, auth] of (tag === 0x8002 ? auths : []).entries()) {
      const nonceTPM = reader.take(reader.u16());
      const attributes = reader.u8();
      const mac = reader.take(reader.u16());
      if ('password' in auth) continue;
      const nonceCaller = nonces[i] ?? NONE;
      const key = hmacKey(auth);
      const good = key.length === 0 || equal(mac, hmac('sha256', key, rpHash, nonceTPM, nonceCaller, Uint8Array.of(attributes)));
      if (!checkHmac(good)) return { ok: false, rc: null, fault: 'TSS_RC_HMAC_VERIFY', detail: `the HMAC of the response to ${command.name} is wrong` };
      auth.session.nonceTPM = nonceTPM;
      if (auth.attributes & ENCRYPT) parameters = decryptFirst(parameters, auth, nonceCaller);
    }
    const inner = new Reader(parameters);
    const out: Record<string, unknown> = {};
    for (const [key, codec] of Object.entries(command.returns)) out[key] = readField(inner, key, codec);
    return { ok: true, handle, out: out as StructValue<R> };
  }
}

const hmacKey = (auth: Exclude<Auth, { password: Uint8Array }>): Uint8Array => concat(auth.session.sessionKey, auth.authValueInHmac ? auth.authValue : NONE);

function writeAuth(area: Writer, auth: Auth, nonce: Uint8Array, cpHash: Uint8Array): void {
  if ('password' in auth) {
    area.u32(0x40000009);
    area.u16(0);
    area.u8(1);
    area.sized(2, () => area.raw(auth.password));
    return;
  }
  const key = hmacKey(auth);
  const mac = key.length === 0 ? NONE : hmac('sha256', key, cpHash, nonce, auth.session.nonceTPM, Uint8Array.of(auth.attributes));
  area.u32(auth.session.handle);
  area.sized(2, () => area.raw(nonce));
  area.u8(auth.attributes);
  area.sized(2, () => area.raw(mac));
}

function decryptFirst(parameters: Uint8Array, auth: Exclude<Auth, { password: Uint8Array }>, nonceCaller: Uint8Array): Uint8Array {
  const key = kdfA('sha256', concat(auth.session.sessionKey, auth.authValue), 'CFB', auth.session.nonceTPM, nonceCaller, 256);
  const size = ((parameters[0] ?? 0) << 8) | (parameters[1] ?? 0);
  return concat(parameters.subarray(0, 2), decryptCfb(key.subarray(0, 16), key.subarray(16), parameters.subarray(2, 2 + size)), parameters.subarray(2 + size));
}
