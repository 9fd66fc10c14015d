import { encode, sameBytes, UINT16, UINT32 } from '../../../bytes/index.ts';
import { digest } from '../../../crypto/index.ts';
import { command, plain, user } from '../../command.ts';
import { oneCapability } from '../../model/capabilities.ts';
import type { Core } from '../../model/core.ts';
import { checkNvRead, nvAt, nvName } from '../../model/nv/nv.ts';
import { effectiveSelection, pcrDigest } from '../../model/pcr/pcr.ts';
import { conditionDigest, conditionHolds } from '../../model/policy/policy-condition.ts';
import { policySessionAt } from '../../model/sessions/sessions.ts';
import type { PolicyState } from '../../model/state.ts';
import { clockInfo, timeOf } from '../../model/time.ts';
import { extendPolicy, policyCommandCode, policyPcr } from '../../policy-digest.ts';
import { inParameter, refuse } from '../../refusal.ts';
import { u8, u32 } from '../../session-crypto.ts';
import {
  digestBytes,
  hashName,
  TPM_CAP_TYPE,
  TPM_CC,
  TPM_CC_CODE,
  TPM_EO,
  TPM_EO_TYPE,
  TPM_RC,
  TPM2B_DIGEST,
  TPM2B_NAME,
  TPM2B_OPERAND,
  TPMA_LOCALITY,
  TPMI_RH_NV_AUTH,
  TPMI_RH_NV_INDEX,
  TPMI_SH_POLICY,
  TPMI_YES_NO,
  TPML_PCR_SELECTION,
  TPMS_TIME_INFO,
} from '../../wire/index.ts';

// Part 3 §23: Enhanced Authorization (EA) Commands, those about what is authorized and in which circumstances. Each extends
// policyDigest. Conditions on PCRs, NV and clock are looked at when the command is given, all others when the policy is used; here they
// only must not contradict each other. A trial session looks at nothing.

const policySession = plain(TPMI_SH_POLICY);

/** Whether the session has a hash already that another must not replace (libtpms IsCpHashUnionOccupied). */
const isTaken = (tpm: Core, { bound }: PolicyState): boolean =>
  bound !== null && (bound.what !== 'nameHash' || tpm.behaviour.remembersNameHash);
const sameBound = ({ bound }: PolicyState, what: 'cpHash' | 'templateHash', value: Uint8Array): boolean =>
  bound?.what === what && sameBytes(bound.digest, value);

const EXTENDED_LOCALITY = 32;

const condition = { operandB: TPM2B_OPERAND, offset: UINT16, operation: TPM_EO_TYPE };
const nvPolicyHandles = { authHandle: user(TPMI_RH_NV_AUTH), nvIndex: plain(TPMI_RH_NV_INDEX), policySession: plain(TPMI_SH_POLICY) };

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

/** Localities 0 to 4 are bits, of which those allowed by all assertions remain; above is one number. */
function narrowed({ locality: before }: PolicyState, locality: number): number {
  const P1 = () => refuse(inParameter(1, TPM_RC.RANGE));
  if (locality === 0) P1();
  if (before !== 0 && before < EXTENDED_LOCALITY !== locality < EXTENDED_LOCALITY) P1();
  if (locality >= EXTENDED_LOCALITY) return before !== 0 && before !== locality ? P1() : locality;
  return (before === 0 ? 0x1f : before) & locality || P1();
}

export const TPM2_PolicyLocality = command({
  code: TPM_CC.PolicyLocality,
  name: 'TPM2_PolicyLocality',
  spec: 'Part 3 §23.8',
  handles: { policySession },
  params: { locality: TPMA_LOCALITY },
  returns: {},
  run(tpm, { policySession, locality }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    policy.locality = narrowed(policy, locality);
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyLocality, u8(locality));
    return {};
  },
});

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
      if (!conditionHolds(tpm, operation, data.subarray(offset, offset + operandB.length), operandB)) refuse(TPM_RC.POLICY);
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
    if (!session.trial && !conditionHolds(tpm, operation, now.subarray(offset, offset + operandB.length), operandB)) refuse(TPM_RC.POLICY);
    const args = conditionDigest(session.authHash, operandB, offset, operation);
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyCounterTimer, args);
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

export const TPM2_PolicyPhysicalPresence = command({
  code: TPM_CC.PolicyPhysicalPresence,
  name: 'TPM2_PolicyPhysicalPresence',
  spec: 'Part 3 §23.12',
  handles: { policySession },
  params: {},
  returns: {},
  run(tpm, { policySession }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    policy.ppRequired = true;
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyPhysicalPresence);
    return {};
  },
});

export const TPM2_PolicyCpHash = command({
  code: TPM_CC.PolicyCpHash,
  name: 'TPM2_PolicyCpHash',
  spec: 'Part 3 §23.13',
  handles: { policySession },
  params: { cpHashA: TPM2B_DIGEST },
  returns: {},
  run(tpm, { policySession, cpHashA }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    if (cpHashA.length !== digestBytes(session.authHash)) refuse(inParameter(1, TPM_RC.SIZE));
    if (isTaken(tpm, policy) && !sameBound(policy, 'cpHash', cpHashA)) refuse(TPM_RC.CPHASH);
    policy.bound = { what: 'cpHash', digest: cpHashA };
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyCpHash, cpHashA);
    return {};
  },
});

export const TPM2_PolicyNameHash = command({
  code: TPM_CC.PolicyNameHash,
  name: 'TPM2_PolicyNameHash',
  spec: 'Part 3 §23.14',
  handles: { policySession },
  params: { nameHash: TPM2B_DIGEST },
  returns: {},
  run(tpm, { policySession, nameHash }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    if (nameHash.length !== digestBytes(session.authHash)) refuse(inParameter(1, TPM_RC.SIZE));
    if (isTaken(tpm, policy)) refuse(TPM_RC.CPHASH);
    policy.bound = { what: 'nameHash', digest: nameHash };
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyNameHash, nameHash);
    return {};
  },
});

export const TPM2_PolicyDuplicationSelect = command({
  code: TPM_CC.PolicyDuplicationSelect,
  name: 'TPM2_PolicyDuplicationSelect',
  spec: 'Part 3 §23.15',
  handles: { policySession },
  params: { objectName: TPM2B_NAME, newParentName: TPM2B_NAME, includeObject: TPMI_YES_NO },
  returns: {},
  run(tpm, { policySession, objectName, newParentName, includeObject }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    if (policy.bound) refuse(TPM_RC.CPHASH);
    if (policy.commandCode !== 0) refuse(TPM_RC.COMMAND_CODE);
    const included = includeObject ? [objectName] : [];
    // The Names of TPM2_Duplicate's two handles, in their order.
    policy.bound = { what: 'nameHash', digest: digest(hashName(session.authHash), objectName, newParentName) };
    policy.commandCode = TPM_CC.Duplicate;
    const args = [...included, newParentName, u8(includeObject)];
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyDuplicationSelect, ...args);
    return {};
  },
});

export const TPM2_PolicyNvWritten = command({
  code: TPM_CC.PolicyNvWritten,
  name: 'TPM2_PolicyNvWritten',
  spec: 'Part 3 §23.20',
  handles: { policySession },
  params: { writtenSet: TPMI_YES_NO },
  returns: {},
  run(tpm, { policySession, writtenSet }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    const written = writtenSet === 1;
    if (policy.nvWritten !== null && policy.nvWritten !== written) refuse(inParameter(1, TPM_RC.VALUE));
    policy.nvWritten = written;
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyNvWritten, u8(writtenSet));
    return {};
  },
});

export const TPM2_PolicyTemplate = command({
  code: TPM_CC.PolicyTemplate,
  name: 'TPM2_PolicyTemplate',
  spec: 'Part 3 §23.21',
  handles: { policySession },
  params: { templateHash: TPM2B_DIGEST },
  returns: {},
  run(tpm, { policySession, templateHash }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    if (isTaken(tpm, policy) && !sameBound(policy, 'templateHash', templateHash)) {
      const otherTemplate = policy.bound?.what === 'templateHash' && tpm.behaviour.otherTemplate === 'VALUE';
      refuse(otherTemplate ? inParameter(1, TPM_RC.VALUE) : TPM_RC.CPHASH);
    }
    if (templateHash.length !== digestBytes(session.authHash)) refuse(inParameter(1, TPM_RC.SIZE));
    policy.bound = { what: 'templateHash', digest: templateHash };
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyTemplate, templateHash);
    return {};
  },
});

export const TPM2_PolicyParameters = command({
  code: TPM_CC.PolicyParameters,
  name: 'TPM2_PolicyParameters',
  spec: 'Part 3 §23.25 (revision 1.83)',
  handles: { policySession },
  params: { pHash: TPM2B_DIGEST },
  returns: {},
  run(tpm, { policySession, pHash }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    if (pHash.length !== digestBytes(session.authHash)) refuse(inParameter(1, TPM_RC.SIZE));
    if (isTaken(tpm, policy)) refuse(TPM_RC.CPHASH);
    policy.bound = { what: 'parameterHash', digest: pHash };
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyParameters, pHash);
    return {};
  },
});

export const TPM2_PolicyCapability = command({
  code: TPM_CC.PolicyCapability,
  name: 'TPM2_PolicyCapability',
  spec: 'Part 3 §23.24 (revision 1.83)',
  handles: { policySession },
  params: { ...condition, capability: TPM_CAP_TYPE, property: UINT32 },
  returns: {},
  run(tpm, { policySession, operandB, offset, operation, capability, property }) {
    const { session, policy } = policySessionAt(tpm, policySession);
    if (!session.trial) {
      const data = oneCapability(tpm, capability, property);
      if (data) {
        if (offset > data.length) refuse(inParameter(2, TPM_RC.VALUE));
        if (data.length - offset < operandB.length) refuse(inParameter(1, TPM_RC.SIZE));
        if (!conditionHolds(tpm, operation, data.subarray(offset, offset + operandB.length), operandB)) refuse(TPM_RC.POLICY);
        // What is not there differs from everything, and stands in no other relation.
      } else if (operation !== TPM_EO.NEQ) refuse(TPM_RC.POLICY);
    }
    const args = conditionDigest(session.authHash, operandB, offset, operation, u32(capability), u32(property));
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyCapability, args);
    return {};
  },
});
