import { EMPTY, type SymDef, sessionKey } from '../session-crypto.ts';
import { TPM_ALG, TPM_SE } from '../wire/index.ts';

/** A session as its caller knows it: plain data, to be kept, copied and handed over. Calls bring `nonceTPM` up to date. */
export interface ClientSession {
  readonly handle: number;
  readonly kind: 'hmac' | 'policy' | 'trial';
  readonly authHash: number;
  readonly symmetric: SymDef;
  readonly sessionKey: Uint8Array;
  /** Of the last command. */
  nonceCaller: Uint8Array;
  /** Of the last response. */
  nonceTPM: Uint8Array;
  /** Name and value of the entity the session is bound to: its value is not in the HMAC key again. */
  readonly bound?: { readonly name: Uint8Array; readonly authValue: Uint8Array };
}

/** Session attributes (TPMA_SESSION) by what they do. */
export const CONTINUE = 0x01;
export const DECRYPT = 0x20;
export const ENCRYPT = 0x40;
export const AUDIT = 0x80;

/** What authorizes a handle, or encrypts, or audits: one session of a command. */
export type Auth =
  | { readonly password: Uint8Array }
  | {
      readonly session: ClientSession;
      /** Of the entity that is authorized; empty when none is. */
      readonly authValue?: Uint8Array;
      /** TPMA_SESSION; continueSession alone if not given. */
      readonly attributes?: number;
      /**
       * Whether the value goes into the HMAC key. By default in HMAC sessions, unless bound to this entity; in policy sessions only
       * when told, after PolicyAuthValue.
       */
      readonly authValueInHmac?: boolean;
      /** After PolicyPassword: the value itself stands where the HMAC would. */
      readonly asPassword?: boolean;
      /** The value that the command gives the authorized hierarchy or NV Index: its response is keyed with that. */
      readonly newAuthValue?: Uint8Array;
    };

/** The password session with an empty value. */
export const NO_PASSWORD: Auth = { password: EMPTY };
/** AES-128-CFB, what firmware and Ultravisor use. */
export const AES_128_CFB: SymDef = { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB };
export const NO_CIPHER: SymDef = { algorithm: TPM_ALG.NULL };

export const SESSION_TYPES = { hmac: TPM_SE.HMAC, policy: TPM_SE.POLICY, trial: TPM_SE.TRIAL } as const;

/** Puts a session together from what was sent and what came back. */
export function makeSession(
  asked: Pick<ClientSession, 'kind' | 'authHash' | 'symmetric' | 'nonceCaller' | 'bound'>,
  answer: { readonly sessionHandle: number; readonly nonceTPM: Uint8Array },
  secret: { readonly bindAuth?: Uint8Array; readonly salt?: Uint8Array } | null,
): ClientSession {
  return {
    ...asked,
    handle: answer.sessionHandle,
    nonceTPM: answer.nonceTPM,
    sessionKey: sessionKey(asked.authHash, secret, answer.nonceTPM, asked.nonceCaller),
  };
}
