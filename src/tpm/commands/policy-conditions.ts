import { DecodeError, decode, encode, sameBytes, UINT16 } from '../../bytes/index.ts';
import { command, plain, user } from '../command.ts';
import { checkNvRead, nvAt, nvName } from '../model/nv/nv.ts';
import { conditionDigest, conditionHolds } from '../model/policy/policy-condition.ts';
import { policySessionAt } from '../model/sessions/sessions.ts';
import { clockInfo, timeOf } from '../model/time.ts';
import { extendPolicy, zeroPolicy } from '../policy-digest.ts';
import { inParameter, rcOfFault, refuse } from '../refusal.ts';
import {
  digestBytes,
  TPM_CC,
  TPM_EO_TYPE,
  TPM_RC,
  TPM2B_OPERAND,
  TPMI_RH_NV_AUTH,
  TPMI_RH_NV_INDEX,
  TPMI_SH_POLICY,
  TPMS_TIME_INFO,
  TPMT_HA,
} from '../wire/index.ts';

// Part 3 §23: conditions on NV contents and on the clock, looked at when the command is given. A trial session looks at nothing.

const condition = { operandB: TPM2B_OPERAND, offset: UINT16, operation: TPM_EO_TYPE };
const nvPolicyHandles = { authHandle: user(TPMI_RH_NV_AUTH), nvIndex: plain(TPMI_RH_NV_INDEX), policySession: plain(TPMI_SH_POLICY) };

export const TPM2_PolicyNV = command({
  code: TPM_CC.PolicyNV,
  name: 'TPM2_PolicyNV',
  spec: 'Part 3 §23.9',
  handles: nvPolicyHandles,
  params: condition,
  returns: {},
  run(tpm, { authHandle, nvIndex, policySession, operandB, offset, operation }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    if (!session.trial) {
      checkNvRead(tpm, authHandle, nvIndex);
      const { data, publicArea } = nvAt(tpm, nvIndex);
      if (offset > publicArea.dataSize) refuse(inParameter(2, TPM_RC.VALUE));
      if (publicArea.dataSize - offset < operandB.length) refuse(inParameter(1, TPM_RC.SIZE));
      if (!conditionHolds(operation, data.subarray(offset, offset + operandB.length), operandB)) refuse(TPM_RC.POLICY);
    }
    const args = conditionDigest(session.authHash, operandB, offset, operation);
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyNV, args, nvName(tpm, nvIndex));
    return {};
  },
});

export const TPM2_PolicyCounterTimer = command({
  code: TPM_CC.PolicyCounterTimer,
  name: 'TPM2_PolicyCounterTimer',
  spec: 'Part 3 §23.10',
  handles: { policySession: plain(TPMI_SH_POLICY) },
  params: condition,
  returns: {},
  run(tpm, { policySession, operandB, offset, operation }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    const now = encode(TPMS_TIME_INFO, { time: timeOf(tpm), clockInfo: clockInfo(tpm) });
    if (offset > now.length) refuse(inParameter(2, TPM_RC.VALUE));
    if (offset + operandB.length > now.length) refuse(TPM_RC.RANGE);
    if (!session.trial && !conditionHolds(operation, now.subarray(offset, offset + operandB.length), operandB)) refuse(TPM_RC.POLICY);
    const args = conditionDigest(session.authHash, operandB, offset, operation);
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyCounterTimer, args);
    return {};
  },
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
  handles: nvPolicyHandles,
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
