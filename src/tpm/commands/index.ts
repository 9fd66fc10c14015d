import { type AnyCommand, table } from '../command.ts';
import * as startup from './09-startup.ts';
import * as testing from './10-testing.ts';
import * as session from './11-sessions.ts';
import * as object from './12-objects.ts';
import * as duplicate from './13-duplication.ts';
import * as ecc from './14-asymmetric.ts';
import * as symmetric from './15-symmetric.ts';
import * as random from './16-random.ts';
import * as sequence from './17-sequences.ts';
import * as attestation from './18-attestation.ts';
import * as ephemeral from './19-ephemeral.ts';
import * as signing from './20-signing.ts';
import * as audit from './21-audit.ts';
import * as pcrControl from './22-pcr.ts';
import * as policyAssertions from './23-policy/policy-assertions.ts';
import * as policyAuthorizations from './23-policy/policy-authorizations.ts';
import * as hierarchyControl from './24-hierarchies.ts';
import * as dictionaryAttack from './25-dictionary-attack.ts';
import * as management from './26-management.ts';
import * as context from './28-contexts.ts';
import * as clockControl from './29-clock.ts';
import * as capability from './30-capability.ts';
import * as nv from './31-nv/nv-access.ts';
import * as nvAdmin from './31-nv/nv-spaces.ts';
import * as asymmetric from './asymmetric.ts';
import * as auditDigest from './audit-digest.ts';
import * as certifyX509 from './certify-x509.ts';
import * as clock from './clock.ts';
import * as createLoaded from './create-loaded.ts';
import * as credential from './credential.ts';
import * as duplication from './duplication.ts';
import * as hash from './hash.ts';
import * as hierarchy from './hierarchy.ts';
import * as nvLocks from './nv-locks.ts';
import * as nvTypes from './nv-types.ts';
import * as pcr from './pcr.ts';
import * as pcrEvent from './pcr-event.ts';
import * as policy from './policy.ts';
import * as policyConditions from './policy-conditions.ts';
import * as testParms from './test-parms.ts';

/** Every command of this TPM by code. A new file of commands is one import and one word here. */
export const commands: ReadonlyMap<number, AnyCommand> = table([
  asymmetric,
  attestation,
  audit,
  auditDigest,
  capability,
  certifyX509,
  clock,
  clockControl,
  context,
  createLoaded,
  credential,
  dictionaryAttack,
  duplicate,
  duplication,
  ecc,
  ephemeral,
  hash,
  hierarchy,
  hierarchyControl,
  management,
  nv,
  nvAdmin,
  nvLocks,
  nvTypes,
  object,
  pcr,
  pcrControl,
  pcrEvent,
  policy,
  policyAssertions,
  policyAuthorizations,
  policyConditions,
  random,
  sequence,
  session,
  signing,
  startup,
  symmetric,
  testParms,
  testing,
]);

export * from './09-startup.ts';
export * from './10-testing.ts';
export * from './11-sessions.ts';
export * from './12-objects.ts';
export * from './13-duplication.ts';
export * from './14-asymmetric.ts';
export * from './15-symmetric.ts';
export * from './16-random.ts';
export * from './17-sequences.ts';
export * from './18-attestation.ts';
export * from './19-ephemeral.ts';
export * from './20-signing.ts';
export * from './21-audit.ts';
export * from './22-pcr.ts';
export * from './23-policy/policy-assertions.ts';
export * from './23-policy/policy-authorizations.ts';
export * from './24-hierarchies.ts';
export * from './25-dictionary-attack.ts';
export * from './26-management.ts';
export * from './28-contexts.ts';
export * from './29-clock.ts';
export * from './30-capability.ts';
export * from './31-nv/nv-access.ts';
export * from './31-nv/nv-spaces.ts';
export * from './asymmetric.ts';
export * from './audit-digest.ts';
export * from './certify-x509.ts';
export * from './clock.ts';
export * from './create-loaded.ts';
export * from './credential.ts';
export * from './duplication.ts';
export * from './hash.ts';
export * from './hierarchy.ts';
export * from './nv-locks.ts';
export * from './nv-types.ts';
export * from './pcr.ts';
export * from './pcr-event.ts';
export * from './policy.ts';
export * from './policy-conditions.ts';
export * from './test-parms.ts';
