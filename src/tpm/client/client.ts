import type { Fields, StructValue } from '../../bytes/index.ts';
import { TPM2_StartAuthSession } from '../commands/index.ts';
import { encryptSecret } from '../model/keys/protection.ts';
import type { CommandRecord, HandleUses } from '../record.ts';
import { EMPTY, type SymDef } from '../session-crypto.ts';
import { digestBytes, TPM_ALG, TPM_RH, type TPMT_PUBLIC } from '../wire/index.ts';
import { buildCommand } from './packet.ts';
import { type Failure, type HmacCheck, readResponse } from './response.ts';
import { AES_128_CFB, type Auth, type ClientSession, makeSession, SESSION_TYPES } from './session.ts';
import { type TpmTransport, TransportError } from './transport.ts';

export type Answer<R> =
  /** `handle`: the response's handle, 0 when it has none. */
  { readonly ok: true; readonly handle: number; readonly out: R } | Failure;

export interface CallOptions {
  /** In the order of the handles that they authorize; those that only encrypt or audit come after. */
  readonly sessions?: readonly Auth[];
  /** Names of the handles, in order. Not needed for hierarchies, PCRs and sessions, nor with passwords only. */
  readonly names?: readonly (Uint8Array | undefined)[];
  readonly checkHmac?: HmacCheck;
}

export interface ClientOptions {
  /** What bytes behind the parameters of a response without sessions are: IBM's TSS does not look at them. Refused if not given. */
  readonly bytesBehind?: 'refused' | 'ignored';
}

export interface SessionOptions {
  readonly kind: ClientSession['kind'];
  /** SHA-256 if not given. */
  readonly authHash?: number;
  /** AES-128-CFB if not given. */
  readonly symmetric?: SymDef;
  /** The key that the salt is encrypted to. */
  readonly salt?: { readonly handle: number; readonly publicArea: TPMT_PUBLIC };
  readonly bind?: { readonly handle: number; readonly name: Uint8Array; readonly authValue: Uint8Array };
  /** Bytes of the first nonce; a digest's if not given. Later nonces of the TPM have as many. */
  readonly nonceBytes?: number;
}

/** First byte of the handles of HMAC and policy sessions (Part 2 §7.2). */
const SESSION_HANDLES: ReadonlySet<number> = new Set([0x02, 0x03]);

/** A user of a TPM: builds commands from the TPM's own table, checks and reads responses. */
export class TpmClient {
  readonly #transport: TpmTransport;
  readonly #random: (count: number) => Uint8Array;
  readonly #bytesBehind: 'refused' | 'ignored';

  constructor(transport: TpmTransport, random: (count: number) => Uint8Array, { bytesBehind = 'refused' }: ClientOptions = {}) {
    this.#transport = transport;
    this.#random = random;
    this.#bytesBehind = bytesBehind;
  }

  /** Sends one command. Nothing is thrown for what TPM or transport do: see {@link Answer}. */
  async call<H extends HandleUses, P extends Fields, R extends Fields, K extends string>(
    command: CommandRecord<H, P, R, K>,
    handles: { readonly [N in keyof H]: number },
    params: StructValue<P>,
    { sessions = [], names = [], checkHmac = good => good }: CallOptions = {},
  ): Promise<Answer<StructValue<R>>> {
    const numbers = Object.keys(command.handles).map(name => handles[name as keyof H]);
    const packet = buildCommand(command, numbers, params, sessions, names, this.#random);
    try {
      const response = await this.#transport.transmit(packet.bytes);
      return readResponse(command, packet, response, checkHmac, this.#bytesBehind) as Answer<StructValue<R>>;
    } catch (error) {
      if (error instanceof TransportError) return { ok: false, rc: null, fault: error.tssCode, detail: error.message };
      throw error;
    }
  }

  /** Opens a session: unsalted and unbound, salted, bound, or both. */
  async startSession(options: SessionOptions): Promise<{ readonly ok: true; readonly session: ClientSession } | Failure> {
    const { kind, authHash = TPM_ALG.SHA256, symmetric = AES_128_CFB, salt, bind, nonceBytes = digestBytes(authHash) } = options;
    const nonceCaller = this.#random(nonceBytes);
    const secret = salt ? encryptSecret(salt.publicArea, 'SECRET', this.#random) : { secret: EMPTY, encrypted: EMPTY };
    const handles = { tpmKey: salt?.handle ?? TPM_RH.NULL, bind: bind?.handle ?? TPM_RH.NULL };
    const params = { nonceCaller, encryptedSalt: secret.encrypted, sessionType: SESSION_TYPES[kind], symmetric, authHash };
    const answer = await this.call(TPM2_StartAuthSession, handles, params);
    if (!answer.ok) return answer;
    if (!SESSION_HANDLES.has(answer.handle >>> 24)) {
      return {
        ok: false,
        rc: null,
        fault: 'TSS_RC_MALFORMED_RESPONSE',
        detail: `0x${answer.handle.toString(16)} is no handle of a session`,
      };
    }
    const bound = bind && kind === 'hmac' ? { bound: { name: bind.name, authValue: bind.authValue } } : {};
    const key = salt || bind ? { bindAuth: bind?.authValue ?? EMPTY, salt: secret.secret } : null;
    const asked = { kind, authHash, symmetric, nonceCaller, ...bound };
    return { ok: true, session: makeSession(asked, { sessionHandle: answer.handle, nonceTPM: answer.out.nonceTPM }, key) };
  }
}
