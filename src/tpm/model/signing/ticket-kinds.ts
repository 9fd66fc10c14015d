import { u16, u32, u64 } from '../../session-crypto.ts';
import { TPM_ST } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { makeTicket, type Ticket } from './tickets.ts';

// Part 2 §10.7, Part 4 Ticket.c: what each kind of ticket covers.

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
