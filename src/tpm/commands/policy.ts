import { type Codec, type Reader, sameBytes, type Writer } from '../../bytes/index.ts';
import { command, plain, user } from '../command.ts';
import { entityHierarchy, entityName } from '../model/entity.ts';
import { isPinPass } from '../model/nv/nv.ts';
import { effectiveSelection, pcrDigest } from '../model/pcr/pcr.ts';
import { authTimeout, checkPolicyParameters, timeoutBuffer, updatePolicy } from '../model/policy/policy-steps.ts';
import { policySessionAt } from '../model/sessions/sessions.ts';
import { authTicket } from '../model/signing/ticket-kinds.ts';
import { nullTicket } from '../model/signing/tickets.ts';
import { policyAuthValue, policyCommandCode, policyOr, policyPcr } from '../policy-digest.ts';
import { inParameter, refuse } from '../refusal.ts';
import {
  TPM_CC,
  TPM_CC_CODE,
  TPM_RC,
  TPM_ST,
  TPM2B_DIGEST,
  TPM2B_NONCE,
  TPM2B_TIMEOUT,
  TPMI_DH_ENTITY,
  TPMI_SH_POLICY,
  TPML_DIGEST_BRANCHES,
  TPML_PCR_SELECTION,
  TPMT_TK_AUTH,
} from '../wire/index.ts';

// Part 3 §23. Each step extends policyDigest; in a trial session that is all it does.

const policySession = plain(TPMI_SH_POLICY);

/** Seconds until the authorization ends; negative asks for a ticket too. */
export const INT32: Codec<number> = {
  name: 'INT32',
  shape: { kind: 'uint', bytes: 4 },
  write: (writer: Writer, value: number) => writer.u32(value >>> 0),
  read: (reader: Reader) => reader.u32() | 0,
  show: (value: number) => String(value),
};

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

export const TPM2_PolicyPCR = command({
  code: TPM_CC.PolicyPCR,
  name: 'TPM2_PolicyPCR',
  spec: 'Part 3 §23.7',
  handles: { policySession },
  params: { pcrDigest: TPM2B_DIGEST, pcrs: TPML_PCR_SELECTION },
  returns: {},
  run(tpm, { policySession, pcrDigest: wanted, pcrs }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    const now = pcrDigest(tpm, session.authHash, pcrs);
    const { pcrCounter } = tpm.state.reset;
    if (!session.trial) {
      if (policy.pcrCounter !== 0 && policy.pcrCounter !== pcrCounter) refuse(TPM_RC.PCR_CHANGED);
      if (wanted.length > 0 && !sameBytes(wanted, now)) refuse(inParameter(1, TPM_RC.VALUE));
      policy.pcrCounter = pcrCounter;
    }
    // A trial session takes the caller's word for what the PCRs will be.
    const value = session.trial && wanted.length > 0 ? wanted : now;
    policy.digest = policyPcr(session.authHash, policy.digest, effectiveSelection(tpm, pcrs), value);
    return {};
  },
});

export const TPM2_PolicyCommandCode = command({
  code: TPM_CC.PolicyCommandCode,
  name: 'TPM2_PolicyCommandCode',
  spec: 'Part 3 §23.11',
  handles: { policySession },
  params: { code: TPM_CC_CODE },
  returns: {},
  run(tpm, { policySession, code }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    if (policy.commandCode !== 0 && policy.commandCode !== code) refuse(inParameter(1, TPM_RC.VALUE));
    if (!tpm.commands.has(code)) refuse(inParameter(1, TPM_RC.POLICY_CC));
    policy.digest = policyCommandCode(session.authHash, policy.digest, code);
    policy.commandCode = code;
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
