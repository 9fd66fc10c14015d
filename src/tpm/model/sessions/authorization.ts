import { concat, DecodeError, Reader, sameBytes } from '../../../bytes/index.ts';
import { equal } from '../../../crypto/index.ts';
import { firstParameterIsSized, firstResultIsSized, type Role } from '../../record.ts';
import { inSession, Refusal, rcOfFault, refuse } from '../../refusal.ts';
import { EMPTY, sessionHmac, withoutTrailingZeros } from '../../session-crypto.ts';
import {
  handleType,
  has,
  MAX_SESSION_NUM,
  TPM_ALG,
  TPM_HT,
  TPM_RC,
  TPM_RH,
  TPMA_NV,
  TPMA_OBJECT,
  TPMA_SESSION,
  TPMS_AUTH_COMMAND,
} from '../../wire/index.ts';
import type { Call, SessionUse } from '../call.ts';
import type { Core } from '../core.ts';
import { entityAuth, entityPolicy } from '../entity.ts';
import { authorizationFailed, checkLockedOut, isDaExempt } from '../hierarchies/lockout.ts';
import { objectAt } from '../keys/objects.ts';
import { countPin, isPinIndex, nvAt, nvHas, pinIsLeft } from '../nv/nv.ts';
import { ruleOf } from '../pcr/pcr.ts';
import { checkPolicy } from '../policy/policy-check.ts';
import { boundEntityOf, findSession, isSessionNumber } from './sessions.ts';

// Part 1 §19, Part 4 SessionProcess.c: the authorization area, in libtpms' order of checks.

const A = TPMA_SESSION.bit;
/** TPM2B of a session area's smallest session: handle, empty nonce, attributes, empty HMAC. */
export const SMALLEST_SESSION = 9;

/** Role in which the handle at this place must be authorized. */
export const roleOf = (call: Call, index: number): Role | undefined => Object.values<{ auth?: Role }>(call.command.handles)[index]?.auth;

/** Parses the sessions; what only the TPM can know of them (loaded? which kind?) is checked as each is read. */
export function parseSessions(tpm: Core, command: Call['command'], area: Uint8Array): SessionUse[] {
  const reader = new Reader(area);
  const uses: SessionUse[] = [];
  let decrypts = false;
  let encrypts = false;
  let audits = false;
  while (reader.remaining > 0) {
    const number = uses.length + 1;
    if (number > MAX_SESSION_NUM) refuse(inSession(number, TPM_RC.SIZE));
    const fail = (rc: number): never => refuse(inSession(number, rc));
    const { sessionHandle: handle, nonce, sessionAttributes: attributes, hmac } = readSession(tpm, reader, number);
    const use = { handle, session: null, nonceCaller: nonce, attributes, hmac, entity: null, includeAuth: false };
    if (handle === TPM_RH.PW) {
      if ((attributes & ~A.continueSession) !== 0) fail(TPM_RC.ATTRIBUTES);
      if (nonce.length > 0) fail(TPM_RC.NONCE);
      uses.push(use);
      continue;
    }
    const session = findSession(tpm, handle);
    if (!session) return refuse(TPM_RC.REFERENCE_S0 + number - 1);
    // The number is that of a session, the handle's type is another's.
    if (session.handle !== handle) fail(TPM_RC.HANDLE);
    if (uses.some(other => other.handle === handle)) fail(TPM_RC.HANDLE);
    if (has(attributes, A.decrypt)) {
      if (!firstParameterIsSized(command) || decrypts) fail(TPM_RC.ATTRIBUTES);
      if (session.symmetric.algorithm === TPM_ALG.NULL) fail(TPM_RC.SYMMETRIC);
      decrypts = true;
    }
    if (has(attributes, A.encrypt)) {
      if (!firstResultIsSized(command) || encrypts) fail(TPM_RC.ATTRIBUTES);
      if (session.symmetric.algorithm === TPM_ALG.NULL) fail(TPM_RC.SYMMETRIC);
      encrypts = true;
    }
    if (has(attributes, A.audit)) {
      if (audits || handleType(handle) === TPM_HT.POLICY_SESSION) fail(TPM_RC.ATTRIBUTES);
      const continued = !has(attributes, A.auditReset) && session.auditDigest !== null;
      if (continued && has(attributes, A.auditExclusive) && tpm.state.ram.exclusiveAuditSession !== handle) refuse(TPM_RC.EXCLUSIVE);
      audits = true;
    }
    uses.push({ ...use, session });
  }
  return uses;
}

function readSession(tpm: Core, reader: Reader, number: number) {
  try {
    const handle = new Reader(reader.bytes.subarray(reader.offset, reader.offset + 4)).u32();
    if (handleType(handle) !== TPM_HT.PERMANENT && !isSessionNumber(tpm, handle)) refuse(inSession(number, TPM_RC.VALUE));
    return TPMS_AUTH_COMMAND.read(reader);
  } catch (error) {
    if (error instanceof DecodeError) refuse(inSession(number, rcOfFault(error)));
    throw error;
  }
}

/** Gives each authorized handle its session, then checks the sessions in their order. */
export function authorize(tpm: Core, call: Call): void {
  call.handles.forEach((handle, i) => {
    if (roleOf(call, i) === undefined) return;
    const use = call.sessions[i];
    if (!use) refuse(TPM_RC.AUTH_MISSING);
    use.entity = handle;
  });
  call.sessions.forEach((use, i) => {
    try {
      checkSession(tpm, call, use, i);
    } catch (error) {
      if (error instanceof Refusal) throw new Refusal(inSession(i + 1, error.rc));
      throw error;
    }
  });
}

/** Without sessions no handle may need one. */
export function authorizeWithoutSessions(call: Call): void {
  call.handles.forEach((_, i) => {
    if (roleOf(call, i) !== undefined) refuse(TPM_RC.AUTH_MISSING);
  });
}

function checkSession(tpm: Core, call: Call, use: SessionUse, index: number): void {
  const { session } = use;
  if (session === null) {
    if (use.entity === null) refuse(TPM_RC.HANDLE);
  } else {
    if (session.trial) refuse(TPM_RC.ATTRIBUTES);
    if (session.isDaBound) checkLockedOut(tpm, session.isLockoutBound);
  }
  if (use.entity !== null) {
    checkEntity(tpm, call, use, use.entity, index);
    return;
  }
  if ((use.attributes & (A.audit | A.encrypt | A.decrypt)) === 0) refuse(TPM_RC.ATTRIBUTES);
  use.includeAuth = false;
  checkHmac(tpm, call, use, index);
}

/** One session authorizes one entity (Part 4 CheckAuthSession). */
function checkEntity(tpm: Core, call: Call, use: SessionUse, entity: number, index: number): void {
  const { session } = use;
  const { code } = call.command;
  if (entity === TPM_RH.PLATFORM && tpm.state.permanent.physicalPresenceCommands.has(code) && !tpm.physicalPresence) refuse(TPM_RC.PP);
  const policy = session?.policy ?? null;
  // A bound session proves knowledge of the entity's value by its key already, as long as name and value are those of then.
  use.includeAuth = policy
    ? policy.authValueNeeded || policy.passwordNeeded
    : session !== null && !(session.boundEntity !== null && sameBytes(session.boundEntity, boundEntityOf(tpm, entity)));
  if ((session === null || use.includeAuth) && !isDaExempt(tpm, entity)) checkLockedOut(tpm, entity === TPM_RH.LOCKOUT);
  const role = roleOf(call, index);
  if (!policy) {
    if (policyIsRequired(tpm, role, entity)) refuse(TPM_RC.AUTH_TYPE);
    if (!authValueIsAvailable(tpm, call, role, entity)) refuse(TPM_RC.AUTH_UNAVAILABLE);
  } else {
    if (!policyIsAvailable(tpm, call, role, entity)) refuse(TPM_RC.AUTH_UNAVAILABLE);
    if (session) checkPolicy(tpm, call, session, policy, entity, role);
  }
  countingPin(tpm, entity, session === null || use.includeAuth, () => {
    if (session === null || policy?.passwordNeeded) checkPassword(tpm, use, entity);
    else checkHmac(tpm, call, use, index);
  });
}

/** A PIN Index whose value is used counts it: PIN_FAIL its failures in a row, PIN_PASS its successes (Part 2 §13.3). */
function countingPin(tpm: Core, entity: number, valueIsUsed: boolean, check: () => void): void {
  const index = valueIsUsed && handleType(entity) === TPM_HT.NV_INDEX ? nvAt(tpm, entity) : null;
  try {
    check();
  } catch (error) {
    if (error instanceof Refusal && index) countPin(index, false);
    throw error;
  }
  if (index) countPin(index, true);
}

function checkPassword(tpm: Core, use: SessionUse, entity: number): void {
  if (!equal(withoutTrailingZeros(use.hmac), entityAuth(tpm, entity))) authorizationFailed(tpm, use);
}

function policyIsRequired(tpm: Core, role: Role | undefined, entity: number): boolean {
  if (role === 'DUP') return true;
  if (role === 'ADMIN') {
    // Objects decide themselves whether their administration wants a policy; all else has no choice.
    if (handleType(entity) !== TPM_HT.TRANSIENT) return true;
    const object = objectAt(tpm, entity);
    return object.kind === 'key' && has(object.publicArea.objectAttributes, TPMA_OBJECT.bit.adminWithPolicy);
  }
  return handleType(entity) === TPM_HT.PCR && pcrHasPolicy(tpm, entity);
}

const pcrHasPolicy = (tpm: Core, pcr: number): boolean =>
  ruleOf(tpm, pcr).group && (tpm.state.permanent.pcrPolicies.get(pcr)?.hashAlg ?? TPM_ALG.NULL) !== TPM_ALG.NULL;

function authValueIsAvailable(tpm: Core, call: Call, role: Role | undefined, entity: number): boolean {
  switch (handleType(entity)) {
    case TPM_HT.TRANSIENT: {
      const object = objectAt(tpm, entity);
      if (object.kind === 'sequence') return true;
      const { objectAttributes } = object.publicArea;
      if (!object.sensitive) return false;
      return (
        has(objectAttributes, TPMA_OBJECT.bit.userWithAuth) || (role === 'ADMIN' && !has(objectAttributes, TPMA_OBJECT.bit.adminWithPolicy))
      );
    }
    case TPM_HT.NV_INDEX: {
      const index = nvAt(tpm, entity);
      if (call.command.writesNv) return nvHas(index, TPMA_NV.bit.AUTHWRITE);
      return isPinIndex(index) ? pinIsLeft(index) : nvHas(index, TPMA_NV.bit.AUTHREAD);
    }
    default:
      return true; // hierarchies (enabled: checked before), lockout, the null hierarchy, PCRs
  }
}

function policyIsAvailable(tpm: Core, call: Call, role: Role | undefined, entity: number): boolean {
  switch (handleType(entity)) {
    case TPM_HT.TRANSIENT: {
      const object = objectAt(tpm, entity);
      return object.kind === 'key' && object.sensitive !== null;
    }
    case TPM_HT.NV_INDEX: {
      const { attributes, authPolicy } = nvAt(tpm, entity).publicArea;
      if (authPolicy.length === 0) return false;
      if (policyIsRequired(tpm, role, entity)) return true;
      return has(attributes, call.command.writesNv ? TPMA_NV.bit.POLICYWRITE : TPMA_NV.bit.POLICYREAD);
    }
    case TPM_HT.PCR:
      return ruleOf(tpm, entity).group;
    default:
      return entityPolicy(tpm, entity).hashAlg !== TPM_ALG.NULL;
  }
}

/** Nonces of the decrypt and encrypt sessions that the first session's HMAC covers, when those are others (Part 1 §19.6.5). */
export function extraNonces(call: Call, use: SessionUse): Uint8Array {
  if (use !== call.sessions[0] || use.entity === null) return EMPTY;
  const { decryptSession, encryptSession } = call;
  const decrypt = decryptSession !== null && decryptSession !== use ? (decryptSession.session?.nonceTPM ?? EMPTY) : EMPTY;
  const encrypt =
    encryptSession !== null && encryptSession !== use && encryptSession !== decryptSession
      ? (encryptSession.session?.nonceTPM ?? EMPTY)
      : EMPTY;
  return concat(decrypt, encrypt);
}

/** Session key, and the entity's authorization value where it is included. */
export const hmacKeyOf = (tpm: Core, use: SessionUse): Uint8Array =>
  concat(use.session?.sessionKey ?? EMPTY, use.includeAuth && use.entity !== null ? entityAuth(tpm, use.entity) : EMPTY);

function checkHmac(tpm: Core, call: Call, use: SessionUse, index: number): void {
  const { session } = use;
  if (!session) return;
  const key = hmacKeyOf(tpm, use);
  // Without a key an HMAC proves nothing: it may be left out.
  if (key.length === 0 && use.hmac.length === 0) return;
  const extra = index === 0 ? extraNonces(call, use) : EMPTY;
  const wanted = sessionHmac(
    session.authHash,
    key,
    call.cpHash(session.authHash),
    use.nonceCaller,
    session.nonceTPM,
    extra,
    use.attributes,
  );
  if (!equal(wanted, use.hmac)) authorizationFailed(tpm, use);
}
