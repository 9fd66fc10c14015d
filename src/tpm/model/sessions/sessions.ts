import { digest } from '../../../crypto/index.ts';
import { zeroPolicy } from '../../policy-digest.ts';
import { refuse } from '../../refusal.ts';
import { EMPTY, type SymDef, sessionKey, u32 } from '../../session-crypto.ts';
import { TPM_HT, TPM_RC, TPM_RH, TPM_SE } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { entityAuth, entityName } from '../entity.ts';
import { isDaExempt } from '../hierarchies/lockout.ts';
import type { PolicyState, Session } from '../state.ts';
import { timeOf } from '../time.ts';

// Part 1 §30.3 and §30.4, Part 4 Session.c. contextArray tells of each session number: free, in a slot, or saved and when.

const NUMBER = 0x00ffffff;
const COUNTER_BITS = 0xffffn;

const numberOf = (handle: number): number => handle & NUMBER;
/** Whether a session of this number can exist at all. */
export const isSessionNumber = (tpm: Core, handle: number): boolean => numberOf(handle) < tpm.limits.activeSessions;

export const isSessionSaved = (tpm: Core, handle: number): boolean =>
  (tpm.state.reset.contextArray[numberOf(handle)] ?? 0) > tpm.limits.loadedSessions;

/** The loaded session of a handle; its kind is not looked at. */
export function findSession(tpm: Core, handle: number): Session | null {
  const slot = tpm.state.reset.contextArray[numberOf(handle)] ?? 0;
  return slot === 0 || slot > tpm.limits.loadedSessions ? null : (tpm.state.ram.sessions[slot - 1] ?? null);
}

/** A policy session of the command's handle area, with its policy. */
export function policySessionAt(tpm: Core, handle: number): { session: Session; policy: PolicyState } {
  const session = findSession(tpm, handle);
  if (!session?.policy) throw new RangeError(`no policy session 0x${handle.toString(16)}`);
  return { session, policy: session.policy };
}

const freshPolicy = (authHash: number): PolicyState => ({
  digest: zeroPolicy(authHash),
  commandCode: 0,
  authValueNeeded: false,
  passwordNeeded: false,
  ppRequired: false,
  locality: 0,
  pcrCounter: 0,
  timeout: 0n,
  bound: null,
  nvWritten: null,
});

/** What a policy session was told is void: PolicyRestart, and every use (UpdateInternalSession). */
export function restartPolicy(tpm: Core, session: Session): void {
  session.policy = freshPolicy(session.authHash);
  session.startTime = timeOf(tpm);
}

/** The number of the saved session with the oldest context. */
function oldestSaved(tpm: Core): number | null {
  const { contextArray, contextCounter } = tpm.state.reset;
  const now = Number(contextCounter & COUNTER_BITS);
  let oldest: number | null = null;
  let largestAge = -1;
  contextArray.forEach((entry, number) => {
    if (entry <= tpm.limits.loadedSessions) return;
    const age = (now - entry) & 0xffff || 0x10000; // equal low bits: a whole round ago
    if (age > largestAge) {
      largestAge = age;
      oldest = number;
    }
  });
  return oldest;
}

/** The oldest saved context has the low bits that the next would get: it could not be told from it (Part 1 §30.5). */
function gapIsFull(tpm: Core): boolean {
  const oldest = oldestSaved(tpm);
  return oldest !== null && BigInt(tpm.state.reset.contextArray[oldest] ?? 0) === (tpm.state.reset.contextCounter & COUNTER_BITS);
}

const freeSlot = (tpm: Core): number => {
  const slot = tpm.state.ram.sessions.indexOf(null);
  return slot < 0 ? refuse(TPM_RC.SESSION_MEMORY) : slot;
};

const freeSlots = (tpm: Core): number => tpm.state.ram.sessions.filter(entry => entry === null).length;

/** Stands for the entity a session is bound to: its Name and authorization value as they are now. */
export const boundEntityOf = (tpm: Core, handle: number): Uint8Array => {
  const name = entityName(tpm, handle);
  return digest('sha256', u32(name.length), name, entityAuth(tpm, handle));
};

export interface SessionRequest {
  readonly type: number;
  readonly authHash: number;
  readonly symmetric: SymDef;
  readonly nonceCaller: Uint8Array;
  readonly bind: number;
  readonly salt: Uint8Array;
}

/** Opens a session; refuses with SESSION_MEMORY, CONTEXT_GAP or SESSION_HANDLES. */
export function createSession(tpm: Core, { type, authHash, symmetric, nonceCaller, bind, salt }: SessionRequest): Session {
  const { contextArray } = tpm.state.reset;
  const slot = freeSlot(tpm);
  // The last slot is kept for the oldest context, which alone can end this (observed on libtpms 0.9).
  if (freeSlots(tpm) === 1 && gapIsFull(tpm)) refuse(TPM_RC.CONTEXT_GAP);
  const number = contextArray.indexOf(0);
  if (number < 0) refuse(TPM_RC.SESSION_HANDLES);
  const bound = bind !== TPM_RH.NULL;
  const nonceTPM = tpm.bytes(nonceCaller.length); // as long as the caller's, for the session's life (observed)
  const isDaBound = bound && !isDaExempt(tpm, bind);
  const kind = type === TPM_SE.HMAC ? TPM_HT.HMAC_SESSION : TPM_HT.POLICY_SESSION;
  const secret = bound || salt.length > 0 ? { bindAuth: bound ? entityAuth(tpm, bind) : EMPTY, salt } : null;
  const session: Session = {
    handle: kind * 2 ** 24 + number,
    authHash,
    symmetric,
    sessionKey: sessionKey(authHash, secret, nonceTPM, nonceCaller),
    nonceTPM,
    // A policy session takes its key from the bind entity but is not bound to it (Part 1 §19.6.12).
    boundEntity: bound && type === TPM_SE.HMAC ? boundEntityOf(tpm, bind) : null,
    isDaBound,
    isLockoutBound: isDaBound && bind === TPM_RH.LOCKOUT,
    auditDigest: null,
    trial: type === TPM_SE.TRIAL,
    policy: type === TPM_SE.HMAC ? null : freshPolicy(authHash),
    startTime: timeOf(tpm),
    epoch: tpm.state.permanent.timeEpoch,
  };
  contextArray[number] = slot + 1;
  tpm.state.ram.sessions[slot] = session;
  return session;
}

/** The number of the next context. Low numbers mean slots in contextArray: the counter skips them. */
function takeContextNumber(tpm: Core): bigint {
  const { reset } = tpm.state;
  const number = reset.contextCounter++;
  if ((reset.contextCounter & COUNTER_BITS) === 0n) reset.contextCounter += BigInt(tpm.limits.loadedSessions + 1);
  return number;
}

/** As if somebody saved and loaded a session so many times, up to the oldest context that is saved; how many times it were. */
export function passContexts(tpm: Core, contexts: number): number {
  let passed = 0;
  for (; passed < contexts && !gapIsFull(tpm); passed++) takeContextNumber(tpm);
  return passed;
}

/** Takes a session out of its slot and gives its context a sequence number. */
export function saveSession(tpm: Core, session: Session): bigint {
  const { reset, ram } = tpm.state;
  if (gapIsFull(tpm)) refuse(TPM_RC.CONTEXT_GAP);
  const sequence = takeContextNumber(tpm);
  reset.contextArray[numberOf(session.handle)] = Number(sequence & COUNTER_BITS);
  ram.sessions[ram.sessions.indexOf(session)] = null;
  return sequence;
}

/** Whether a session's context is the one that was saved last. */
export const isCurrentContext = (tpm: Core, handle: number, sequence: bigint): boolean => {
  const entry = BigInt(tpm.state.reset.contextArray[numberOf(handle)] ?? 0);
  const { contextCounter } = tpm.state.reset;
  return (sequence & COUNTER_BITS) === entry && sequence < contextCounter && contextCounter - sequence <= 0x10000n;
};

/** Puts a session back into a slot. With the gap full and one slot left only the oldest context may come. */
export function loadSession(tpm: Core, session: Session): void {
  const slot = freeSlot(tpm);
  if (freeSlots(tpm) === 1 && gapIsFull(tpm) && oldestSaved(tpm) !== numberOf(session.handle)) refuse(TPM_RC.CONTEXT_GAP);
  tpm.state.reset.contextArray[numberOf(session.handle)] = slot + 1;
  tpm.state.ram.sessions[slot] = session;
}

/** Ends a session, loaded or saved. */
export function flushSession(tpm: Core, handle: number): void {
  const { reset, ram } = tpm.state;
  const session = findSession(tpm, handle);
  if (session) ram.sessions[ram.sessions.indexOf(session)] = null;
  reset.contextArray[numberOf(handle)] = 0;
  if (ram.exclusiveAuditSession === handle) ram.exclusiveAuditSession = null;
}
