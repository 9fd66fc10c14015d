import { sameBytes } from '../../../bytes/index.ts';
import { digest } from '../../../crypto/index.ts';
import { command, plain } from '../../command.ts';
import { policySessionAt } from '../../model/sessions/sessions.ts';
import type { PolicyState } from '../../model/state.ts';
import { extendPolicy } from '../../policy-digest.ts';
import { inParameter, refuse } from '../../refusal.ts';
import { u8 } from '../../session-crypto.ts';
import {
  digestBytes,
  hashName,
  TPM_CC,
  TPM_RC,
  TPM2B_DIGEST,
  TPM2B_NAME,
  TPMA_LOCALITY,
  TPMI_SH_POLICY,
  TPMI_YES_NO,
} from '../../wire/index.ts';

// Part 3 §23: assertions about the command that the policy authorizes, or about its circumstances. They are looked at when the
// policy is used; here they only must not contradict each other.

const policySession = plain(TPMI_SH_POLICY);
const EXTENDED_LOCALITY = 32;

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
    if (policy.bound && !(policy.bound.what === 'cpHash' && sameBytes(policy.bound.digest, cpHashA))) refuse(TPM_RC.CPHASH);
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
    if (policy.bound) refuse(TPM_RC.CPHASH);
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
    if (policy.bound?.what === 'templateHash') {
      if (!sameBytes(policy.bound.digest, templateHash)) refuse(inParameter(1, TPM_RC.VALUE));
    } else if (policy.bound) refuse(TPM_RC.CPHASH);
    if (templateHash.length !== digestBytes(session.authHash)) refuse(inParameter(1, TPM_RC.SIZE));
    policy.bound = { what: 'templateHash', digest: templateHash };
    policy.digest = extendPolicy(session.authHash, policy.digest, TPM_CC.PolicyTemplate, templateHash);
    return {};
  },
});
