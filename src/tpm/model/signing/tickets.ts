import { hmac } from '../../../crypto/index.ts';
import { EMPTY, u16 } from '../../session-crypto.ts';
import { TPM_GENERATED_VALUE, TPM_RH, type TPM_ST } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { proofOf } from '../hierarchies/hierarchy.ts';

// Part 2 §10.7: tickets are HMACs keyed with a hierarchy's proof. Context integrity hash: SHA-512 (TPM_PT_CONTEXT_HASH).

type Tag = (typeof TPM_ST)[keyof typeof TPM_ST];
export interface Ticket<T extends number = number> {
  readonly tag: T;
  readonly hierarchy: number;
  readonly digest: Uint8Array;
}

/** Says nothing. */
export const nullTicket = <T extends Tag>(tag: T): Ticket<T> => ({ tag, hierarchy: TPM_RH.NULL, digest: EMPTY });

/** HMAC(proof, tag ‖ parts). Tickets of the null hierarchy die with its proof at TPM Reset. */
export function makeTicket<T extends Tag>(tpm: Core, tag: T, hierarchy: number, ...parts: readonly Uint8Array[]): Ticket<T> {
  return { tag, hierarchy, digest: hmac('sha512', proofOf(tpm, hierarchy), u16(tag), ...parts) };
}

/** Data that starts like a structure made by the TPM gets no hash ticket: a restricted key must not sign it (Part 3 §15.4.1). */
export function isTicketSafe(data: Uint8Array): boolean {
  return data.length < 4 || new DataView(data.buffer, data.byteOffset, 4).getUint32(0) !== TPM_GENERATED_VALUE;
}
