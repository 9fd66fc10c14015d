import { hmac } from '../../../crypto/index.ts';
import { EMPTY, u16, u32, u64 } from '../../session-crypto.ts';
import { TPM_GENERATED_VALUE, TPM_RH, TPM_ST } from '../../wire/index.ts';
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

// What each kind of ticket covers (Part 4 Ticket.c).

/** That this TPM made the digest, of data that does not look like its own structures. */
export const hashTicket = (tpm: Core, hierarchy: number, hashAlg: number, digest: Uint8Array): Ticket<typeof TPM_ST.HASHCHECK> =>
  makeTicket(tpm, TPM_ST.HASHCHECK, hierarchy, u16(hashAlg), digest);

/** That the key of this Name signed the digest. */
export const verifiedTicket = (tpm: Core, hierarchy: number, digest: Uint8Array, keyName: Uint8Array): Ticket<typeof TPM_ST.VERIFIED> =>
  makeTicket(tpm, TPM_ST.VERIFIED, hierarchy, digest, keyName);

/** An authorization by signature or secret that may be used again until its time is over. */
export interface Authorization {
  /** TPM time (ms). */
  readonly timeout: bigint;
  /** Ends with TPM Reset already: it was given without a nonce. */
  readonly untilReset: boolean;
  readonly cpHashA: Uint8Array;
  readonly policyRef: Uint8Array;
  readonly name: Uint8Array;
}
export function authTicket<T extends typeof TPM_ST.AUTH_SIGNED | typeof TPM_ST.AUTH_SECRET>(
  tpm: Core,
  tag: T,
  hierarchy: number,
  { timeout, untilReset, cpHashA, policyRef, name }: Authorization,
): Ticket<T> {
  const { timeEpoch, totalResetCount } = tpm.state.permanent;
  const limits = timeout === 0n ? [] : untilReset ? [u32(timeEpoch), u32(totalResetCount)] : [u32(timeEpoch)];
  return makeTicket(tpm, tag, hierarchy, cpHashA, policyRef, name, u64(timeout), ...limits);
}
