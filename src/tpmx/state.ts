import type { Value } from '../bytes/index.ts';
import type { TPMT_PUBLIC } from './structures.ts';

export interface Sensitive {
  authValue: Uint8Array;
  /** Seed of a parent, obfuscation value of others. */
  seedValue: Uint8Array;
  /** RSA: one prime. Keyed hash: the data. */
  secret: Uint8Array;
}
export interface TpmObject {
  readonly publicArea: Value<typeof TPMT_PUBLIC>;
  readonly name: Uint8Array;
  readonly qualifiedName: Uint8Array;
  readonly hierarchy: number;
  readonly sensitive: Sensitive | null;
  readonly primary: boolean;
  readonly external: boolean;
}
export interface PolicyState {
  digest: Uint8Array;
  commandCode: number;
  authValue: boolean;
  password: boolean;
  pcrCounter: number | null;
}
export interface Session {
  readonly handle: number;
  readonly kind: 'HMAC' | 'POLICY' | 'TRIAL';
  readonly authHash: number;
  readonly symmetric: { readonly algorithm: number; readonly keyBits?: number; readonly mode?: number; readonly hash?: number };
  sessionKey: Uint8Array;
  nonceTPM: Uint8Array;
  /** Name and authValue of the entity it is bound to. */
  bound: { name: Uint8Array; authValue: Uint8Array } | null;
  policy: PolicyState;
}
