import { sameBytes } from '../../../bytes/index.ts';
import { extendPolicyByName } from '../../policy-digest.ts';
import { inParameter, refuse } from '../../refusal.ts';
import { u64 } from '../../session-crypto.ts';
import { digestBytes, TPM_RC } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import type { Session } from '../state.ts';
import { timeOf } from '../time.ts';

// What PolicySigned, PolicySecret and PolicyTicket share (Part 3 §23.2, Part 4 Policy_spt.c).

/**
 * When an authorization ends, in TPM time (ms); 0n: never. With a nonce, seconds count from the session's start, without one from
 * power-on (libtpms ComputeAuthTimeout; what is left of the present second is given on top).
 */
export function authTimeout(tpm: Core, session: Session, expiration: number, nonceTPM: Uint8Array): bigint {
  if (expiration === 0 || session.trial) return 0n;
  const ms = BigInt(Math.min(Math.abs(expiration), 0x7fff_ffff)) * 1000n;
  return (nonceTPM.length === 0 ? timeOf(tpm) % 1000n : session.startTime) + ms;
}

/** Number of each parameter, for the codes. */
interface Blame {
  readonly nonceTPM: number;
  readonly cpHashA: number;
  readonly expiration: number;
}

export function checkPolicyParameters(
  tpm: Core,
  session: Session,
  { timeout, nonceTPM, cpHashA }: { timeout: bigint; nonceTPM: Uint8Array; cpHashA: Uint8Array },
  blame: Blame,
): void {
  if (nonceTPM.length > 0 && !sameBytes(nonceTPM, session.nonceTPM)) refuse(inParameter(blame.nonceTPM, TPM_RC.NONCE));
  if (timeout !== 0n && (timeout < timeOf(tpm) || session.epoch !== tpm.state.permanent.timeEpoch)) {
    refuse(inParameter(blame.expiration, TPM_RC.EXPIRED));
  }
  if (cpHashA.length === 0) return;
  if (cpHashA.length !== digestBytes(session.authHash)) refuse(inParameter(blame.cpHashA, TPM_RC.SIZE));
  const { policy } = session;
  if (policy?.bound && !sameBytes(policy.bound.digest, cpHashA)) refuse(TPM_RC.CPHASH);
}

/** The two-step extension, and what the authorization limits from now on (PolicyContextUpdate). */
export function updatePolicy(
  session: Session,
  code: number,
  { name, policyRef, cpHashA, timeout }: { name: Uint8Array; policyRef: Uint8Array; cpHashA: Uint8Array; timeout: bigint },
): void {
  const { policy } = session;
  if (!policy) throw new RangeError('no policy session');
  policy.digest = extendPolicyByName(session.authHash, policy.digest, code, name, policyRef);
  if (cpHashA.length > 0) policy.bound = { what: 'cpHash', digest: cpHashA };
  // The earliest end counts.
  if (timeout !== 0n && (policy.timeout === 0n || timeout < policy.timeout)) policy.timeout = timeout;
}

/** TPM2B_TIMEOUT: the time, its top bit set when it ends with TPM Reset already (no nonce). The format is the TPM's own. */
export function timeoutBuffer(timeout: bigint, nonceTPM: Uint8Array): Uint8Array {
  return u64(nonceTPM.length === 0 ? timeout | (1n << 63n) : timeout);
}
