import { refuse } from '../../refusal.ts';
import { handleType, has, TPM_HT, TPM_RC, TPM_RH, TPMA_NV, TPMA_OBJECT } from '../../wire/index.ts';
import type { SessionUse } from '../call.ts';
import type { Core } from '../core.ts';
import { objectAt } from '../keys/objects.ts';
import { nvAt } from '../nv/nv.ts';
import { timeOf } from '../time.ts';

// Part 1 §19.8: dictionary attack protection. Times are TPM time in milliseconds.

/** Whether failures to authorize an entity are not counted. */
export function isDaExempt(tpm: Core, handle: number): boolean {
  switch (handleType(handle)) {
    case TPM_HT.PERMANENT:
      return handle !== TPM_RH.LOCKOUT;
    case TPM_HT.TRANSIENT: {
      const object = objectAt(tpm, handle);
      return object.kind === 'sequence' || has(object.publicArea.objectAttributes, TPMA_OBJECT.bit.noDA);
    }
    case TPM_HT.NV_INDEX:
      return has(nvAt(tpm, handle).publicArea.attributes, TPMA_NV.bit.NO_DA);
    default:
      return true;
  }
}

/** Failed tries are forgiven one by one as time passes, lockoutAuth all at once (Part 1 §19.8.3). */
export function healLockout(tpm: Core): void {
  const { permanent, ram } = tpm.state;
  const now = timeOf(tpm);
  if (permanent.recoveryTime === 0) permanent.failedTries = 0;
  else if (permanent.failedTries > 0) {
    const step = BigInt(permanent.recoveryTime) * 1000n;
    const forgiven = (now - ram.lastFailure) / step;
    if (forgiven > 0n) {
      permanent.failedTries = forgiven >= BigInt(permanent.failedTries) ? 0 : permanent.failedTries - Number(forgiven);
      ram.lastFailure += forgiven * step;
    }
  }
  if (
    !permanent.lockoutAuthEnabled &&
    permanent.lockoutRecovery > 0 &&
    now - ram.lockoutSince >= BigInt(permanent.lockoutRecovery) * 1000n
  ) {
    permanent.lockoutAuthEnabled = true;
  }
}

/**
 * Before an authorization value with protection is used.
 * The first such use after Startup is put on record, so that pulling the plug does not spare the count; some answer it with TPM_RC_RETRY
 * once (06: da-first-use-after-startup-retry).
 */
export function checkLockedOut(tpm: Core, forLockoutAuth: boolean): void {
  const { permanent, ram } = tpm.state;
  if (forLockoutAuth) {
    if (!permanent.lockoutAuthEnabled) refuse(TPM_RC.LOCKOUT);
    return;
  }
  if (permanent.failedTries >= permanent.maxTries) refuse(TPM_RC.LOCKOUT);
  if (!ram.daUsed) {
    ram.daUsed = true;
    permanent.orderly = 'daUsed';
    if (tpm.behaviour.firstProtectedUse === 'RETRY') refuse(TPM_RC.RETRY);
  }
}

/** A wrong value was given: counts it where it is to be counted, and refuses (Part 4 IncrementLockout). */
export function authorizationFailed(tpm: Core, { session, entity, includeAuth }: SessionUse): never {
  const { permanent, ram } = tpm.state;
  const exempt = entity === null || isDaExempt(tpm, entity);
  if (session === null) {
    if (exempt) return refuse(TPM_RC.BAD_AUTH);
  } else if (!session.isDaBound && (exempt || !includeAuth)) return refuse(TPM_RC.BAD_AUTH);
  if (session?.isLockoutBound || entity === TPM_RH.LOCKOUT) {
    permanent.lockoutAuthEnabled = false;
    ram.lockoutSince = timeOf(tpm);
  } else {
    if (permanent.recoveryTime !== 0) permanent.failedTries++;
    ram.lastFailure = timeOf(tpm);
  }
  return refuse(TPM_RC.AUTH_FAIL);
}
