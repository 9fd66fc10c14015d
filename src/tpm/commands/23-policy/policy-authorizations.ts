import { DecodeError, decode, encode, sameBytes, UINT16 } from '../../../bytes/index.ts';
import { digest, equal } from '../../../crypto/index.ts';
import { command, plain, user } from '../../command.ts';
import { entityHierarchy, entityName } from '../../model/entity.ts';
import { keyAt } from '../../model/keys/objects.ts';
import { checkNvRead, isPinPass, nvAt, nvName } from '../../model/nv/nv.ts';
import { authTimeout, checkPolicyParameters, timeoutBuffer, updatePolicy } from '../../model/policy/policy-steps.ts';
import { policySessionAt } from '../../model/sessions/sessions.ts';
import { checkSignature, hashOfSignature } from '../../model/signing/signing.ts';
import { authTicket, nullTicket, verifiedTicket } from '../../model/signing/tickets.ts';
import { extendPolicy, extendPolicyByName, policyAuthValue, policyOr, zeroPolicy } from '../../policy-digest.ts';
import { blaming, inHandle, inParameter, rcOfFault, refuse } from '../../refusal.ts';
import { EMPTY } from '../../session-crypto.ts';
import {
  digestBytes,
  hashName,
  INT32,
  isHash,
  TPM_CC,
  TPM_RC,
  TPM_ST,
  TPM2B_DIGEST,
  TPM2B_NAME,
  TPM2B_NONCE,
  TPM2B_TIMEOUT,
  TPMI_DH_ENTITY,
  TPMI_DH_OBJECT,
  TPMI_RH_NV_AUTH,
  TPMI_RH_NV_INDEX,
  TPMI_SH_POLICY,
  TPML_DIGEST_BRANCHES,
  TPMT_HA,
  TPMT_SIGNATURE,
  TPMT_TK_AUTH,
  TPMT_TK_VERIFIED,
} from '../../wire/index.ts';

// Part 3 §23: Enhanced Authorization (EA) Commands, those about who authorizes: by signature, secret, ticket, authorization value, or by
// approving the policy; and PolicyOR and PolicyGetDigest. Each extends policyDigest; in a trial session that is all it does.

const policySession = plain(TPMI_SH_POLICY);

export const TPM2_PolicySigned = command({
  code: TPM_CC.PolicySigned,
  name: 'TPM2_PolicySigned',
  spec: 'Part 3 §23.3',
  handles: { authObject: plain(TPMI_DH_OBJECT), policySession },
  params: { nonceTPM: TPM2B_NONCE, cpHashA: TPM2B_DIGEST, policyRef: TPM2B_NONCE, expiration: INT32, auth: TPMT_SIGNATURE },
  returns: { timeout: TPM2B_TIMEOUT, policyTicket: TPMT_TK_AUTH },
  run(tpm, { authObject, policySession, nonceTPM, cpHashA, policyRef, expiration, auth }) {
    const { session } = policySessionAt(tpm, policySession);
    const key = keyAt(tpm, authObject);
    let timeout = 0n;
    if (!session.trial) {
      timeout = authTimeout(tpm, session, expiration, nonceTPM);
      checkPolicyParameters(tpm, session, { timeout, nonceTPM, cpHashA }, { nonceTPM: 1, cpHashA: 2, expiration: 4 });
      const aHash = digest(hashName(hashOfSignature(auth)), nonceTPM, encode(INT32, expiration), cpHashA, policyRef);
      blaming(
        rc => inParameter(5, rc),
        () => checkSignature(key, aHash, auth),
      );
    }
    updatePolicy(session, TPM_CC.PolicySigned, { name: key.name, policyRef, cpHashA, timeout });
    if (expiration >= 0 || session.trial) return { timeout: EMPTY, policyTicket: nullTicket(TPM_ST.AUTH_SIGNED) };
    const authorization = { timeout, untilReset: nonceTPM.length === 0, cpHashA, policyRef, name: key.name };
    const policyTicket = authTicket(tpm, TPM_ST.AUTH_SIGNED, entityHierarchy(tpm, authObject), authorization);
    return { timeout: timeoutBuffer(timeout, nonceTPM), policyTicket };
  },
});

export const TPM2_PolicySecret = command({
  code: TPM_CC.PolicySecret,
  name: 'TPM2_PolicySecret',
  spec: 'Part 3 §23.4',
  handles: { authHandle: user(TPMI_DH_ENTITY), policySession },
  params: { nonceTPM: TPM2B_NONCE, cpHashA: TPM2B_DIGEST, policyRef: TPM2B_NONCE, expiration: INT32 },
  returns: { timeout: TPM2B_TIMEOUT, policyTicket: TPMT_TK_AUTH },
  run(tpm, { authHandle, policySession, nonceTPM, cpHashA, policyRef, expiration }) {
    const { session } = policySessionAt(tpm, policySession);
    const timeout = authTimeout(tpm, session, expiration, nonceTPM);
    if (!session.trial) checkPolicyParameters(tpm, session, { timeout, nonceTPM, cpHashA }, { nonceTPM: 1, cpHashA: 2, expiration: 4 });
    const name = entityName(tpm, authHandle);
    updatePolicy(session, TPM_CC.PolicySecret, { name, policyRef, cpHashA, timeout });
    if (expiration >= 0 || session.trial || isPinPass(tpm, authHandle))
      return { timeout: new Uint8Array(0), policyTicket: nullTicket(TPM_ST.AUTH_SECRET) };
    const buffer = timeoutBuffer(timeout, nonceTPM);
    const authorization = { timeout, untilReset: nonceTPM.length === 0, cpHashA, policyRef, name };
    const policyTicket = authTicket(tpm, TPM_ST.AUTH_SECRET, entityHierarchy(tpm, authHandle), authorization);
    return { timeout: buffer, policyTicket };
  },
});

const UNTIL_RESET = 1n << 63n;

export const TPM2_PolicyTicket = command({
  code: TPM_CC.PolicyTicket,
  name: 'TPM2_PolicyTicket',
  spec: 'Part 3 §23.5',
  handles: { policySession },
  params: { timeout: TPM2B_TIMEOUT, cpHashA: TPM2B_DIGEST, policyRef: TPM2B_NONCE, authName: TPM2B_NAME, ticket: TPMT_TK_AUTH },
  returns: {},
  run(tpm, { policySession, timeout: buffer, cpHashA, policyRef, authName, ticket }) {
    const { session } = policySessionAt(tpm, policySession);
    if (session.trial) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    if (buffer.length !== 8) refuse(inParameter(1, TPM_RC.SIZE));
    const word = new DataView(buffer.buffer, buffer.byteOffset).getBigUint64(0);
    const untilReset = (word & UNTIL_RESET) !== 0n;
    const timeout = word & ~UNTIL_RESET;
    checkPolicyParameters(tpm, session, { timeout, nonceTPM: EMPTY, cpHashA }, { nonceTPM: 0, cpHashA: 2, expiration: 1 });
    const tag = ticket.tag as typeof TPM_ST.AUTH_SIGNED | typeof TPM_ST.AUTH_SECRET;
    const wanted = authTicket(tpm, tag, ticket.hierarchy, { timeout, untilReset, cpHashA, policyRef, name: authName });
    if (!equal(ticket.digest, wanted.digest)) refuse(inParameter(5, TPM_RC.TICKET));
    const code = tag === TPM_ST.AUTH_SIGNED ? TPM_CC.PolicySigned : TPM_CC.PolicySecret;
    updatePolicy(session, code, { name: authName, policyRef, cpHashA, timeout });
    return {};
  },
});

export const TPM2_PolicyOR = command({
  code: TPM_CC.PolicyOR,
  name: 'TPM2_PolicyOR',
  spec: 'Part 3 §23.6',
  handles: { policySession },
  params: { pHashList: TPML_DIGEST_BRANCHES },
  returns: {},
  run(tpm, { policySession, pHashList }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    if (!session.trial && !pHashList.some(branch => sameBytes(branch, policy.digest))) refuse(inParameter(1, TPM_RC.VALUE));
    policy.digest = policyOr(session.authHash, pHashList);
    return {};
  },
});

export const TPM2_PolicyAuthorize = command({
  code: TPM_CC.PolicyAuthorize,
  name: 'TPM2_PolicyAuthorize',
  spec: 'Part 3 §23.16',
  handles: { policySession },
  params: { approvedPolicy: TPM2B_DIGEST, policyRef: TPM2B_NONCE, keySign: TPM2B_NAME, checkTicket: TPMT_TK_VERIFIED },
  returns: {},
  run(tpm, { policySession, approvedPolicy, policyRef, keySign, checkTicket }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    if (keySign.length < 2 && tpm.behaviour.shortKeySign === 'SIZE') refuse(inParameter(3, TPM_RC.SIZE));
    const hash = ((keySign[0] ?? 0) << 8) | (keySign[1] ?? 0);
    if (!isHash(hash)) refuse(inParameter(3, TPM_RC.HASH));
    if (keySign.length !== digestBytes(hash) + 2) refuse(inParameter(3, TPM_RC.SIZE));
    if (!session.trial) {
      if (!sameBytes(policy.digest, approvedPolicy)) refuse(inParameter(1, TPM_RC.VALUE));
      const aHash = digest(hashName(hash), approvedPolicy, policyRef);
      if (!equal(checkTicket.digest, verifiedTicket(tpm, checkTicket.hierarchy, aHash, keySign).digest))
        refuse(inParameter(4, TPM_RC.VALUE));
    }
    // It starts anew: which policy was approved no longer shows.
    policy.digest = extendPolicyByName(session.authHash, zeroPolicy(session.authHash), TPM_CC.PolicyAuthorize, keySign, policyRef);
    return {};
  },
});

export const TPM2_PolicyAuthValue = command({
  code: TPM_CC.PolicyAuthValue,
  name: 'TPM2_PolicyAuthValue',
  spec: 'Part 3 §23.17',
  handles: { policySession },
  params: {},
  returns: {},
  run(tpm, { policySession }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    policy.digest = policyAuthValue(session.authHash, policy.digest);
    policy.authValueNeeded = true;
    policy.passwordNeeded = false;
    return {};
  },
});

export const TPM2_PolicyPassword = command({
  code: TPM_CC.PolicyPassword,
  name: 'TPM2_PolicyPassword',
  spec: 'Part 3 §23.18',
  handles: { policySession },
  params: {},
  returns: {},
  run(tpm, { policySession }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    policy.digest = policyAuthValue(session.authHash, policy.digest);
    policy.authValueNeeded = false;
    policy.passwordNeeded = true;
    return {};
  },
});

export const TPM2_PolicyGetDigest = command({
  code: TPM_CC.PolicyGetDigest,
  name: 'TPM2_PolicyGetDigest',
  spec: 'Part 3 §23.19',
  handles: { policySession },
  params: {},
  returns: { policyDigest: TPM2B_DIGEST },
  run: (tpm, { policySession }) => ({ policyDigest: policySessionAt(tpm, policySession).policy.digest }),
});

/** The policy that an Index holds as TPMT_HA; bytes behind it do not count. */
function policyInNv(data: Uint8Array): { hashAlg: number; digest: Uint8Array } {
  try {
    const hashAlg = decode(UINT16, data.slice(0, 2));
    return decode(TPMT_HA, data.slice(0, 2 + digestBytes(hashAlg)));
  } catch (error) {
    if (error instanceof DecodeError) refuse(rcOfFault(error));
    throw error;
  }
}

export const TPM2_PolicyAuthorizeNV = command({
  code: TPM_CC.PolicyAuthorizeNV,
  name: 'TPM2_PolicyAuthorizeNV',
  spec: 'Part 3 §23.22',
  handles: { authHandle: user(TPMI_RH_NV_AUTH), nvIndex: plain(TPMI_RH_NV_INDEX), policySession },
  params: {},
  returns: {},
  run(tpm, { authHandle, nvIndex, policySession }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    if (!session.trial) {
      checkNvRead(tpm, authHandle, nvIndex);
      const approved = policyInNv(nvAt(tpm, nvIndex).data);
      if (approved.hashAlg !== session.authHash) refuse(TPM_RC.HASH);
      if (!sameBytes(approved.digest, policy.digest)) refuse(TPM_RC.VALUE);
    }
    policy.digest = extendPolicy(session.authHash, zeroPolicy(session.authHash), TPM_CC.PolicyAuthorizeNV, nvName(tpm, nvIndex));
    return {};
  },
});
