import type { TPMT_PUBLIC } from '../../tpm/wire/index.ts';

/**
 * The session with the TPM that firmware set up at host boot (docs/reference/decisions.md#session-at-host-boot): handed over in secure
 * memory.
 */
export interface HandedSession {
  /** TPMS_CONTEXT of the saved session. */
  context: Uint8Array;
  handle: number;
  sessionKey: Uint8Array;
  nonceTPM: Uint8Array;
  /** When its context was saved last, in virtual nanoseconds: an old one stands in the way of others (CONTEXT_GAP). */
  savedAtNs: bigint;
}

/**
 * What firmware tells the Ultravisor of the TPM: the properties of the node `ibm,uv-tpm` (docs/reference/pef.md#the-node-ibmuv-tpm). Plain
 * data.
 */
export interface TpmNode {
  readonly wrappingKeyHandle: number;
  readonly wrappingKeyPasswd: Uint8Array;
  readonly wrappingKeyPublicname: Uint8Array;
  readonly policyA: Uint8Array;
  readonly policyB: Uint8Array;
  /** Public area of the restricted parent, where sessions are salted to it. */
  readonly parentPublic: TPMT_PUBLIC | null;
  /** Absent in the published firmware. Null again when its context was lost: until the next boot there is no session. */
  session: HandedSession | null;
}
