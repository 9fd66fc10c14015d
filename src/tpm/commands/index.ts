import { type AnyCommand, table } from '../command.ts';
import * as asymmetric from './asymmetric.ts';
import * as attestation from './attestation.ts';
import * as audit from './audit.ts';
import * as auditDigest from './audit-digest.ts';
import * as capability from './capability.ts';
import * as certifyX509 from './certify-x509.ts';
import * as clock from './clock.ts';
import * as clockControl from './clock-control.ts';
import * as context from './context.ts';
import * as createLoaded from './create-loaded.ts';
import * as credential from './credential.ts';
import * as dictionaryAttack from './dictionary-attack.ts';
import * as duplicate from './duplicate.ts';
import * as duplication from './duplication.ts';
import * as ecc from './ecc.ts';
import * as ephemeral from './ephemeral.ts';
import * as hash from './hash.ts';
import * as hierarchy from './hierarchy.ts';
import * as hierarchyControl from './hierarchy-control.ts';
import * as management from './management.ts';
import * as nv from './nv.ts';
import * as nvAdmin from './nv-admin.ts';
import * as nvLocks from './nv-locks.ts';
import * as nvTypes from './nv-types.ts';
import * as object from './object.ts';
import * as pcr from './pcr.ts';
import * as pcrControl from './pcr-control.ts';
import * as pcrEvent from './pcr-event.ts';
import * as policy from './policy.ts';
import * as policyAssertions from './policy-assertions.ts';
import * as policyAuthorizations from './policy-authorizations.ts';
import * as policyConditions from './policy-conditions.ts';
import * as random from './random.ts';
import * as sequence from './sequence.ts';
import * as session from './session.ts';
import * as signing from './signing.ts';
import * as startup from './startup.ts';
import * as symmetric from './symmetric.ts';
import * as testParms from './test-parms.ts';
import * as testing from './testing.ts';

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

export * from './asymmetric.ts';
export * from './attestation.ts';
export * from './audit.ts';
export * from './audit-digest.ts';
export * from './capability.ts';
export * from './certify-x509.ts';
export * from './clock.ts';
export * from './clock-control.ts';
export * from './context.ts';
export * from './create-loaded.ts';
export * from './credential.ts';
export * from './dictionary-attack.ts';
export * from './duplicate.ts';
export * from './duplication.ts';
export * from './ecc.ts';
export * from './ephemeral.ts';
export * from './hash.ts';
export * from './hierarchy.ts';
export * from './hierarchy-control.ts';
export * from './management.ts';
export * from './nv.ts';
export * from './nv-admin.ts';
export * from './nv-locks.ts';
export * from './nv-types.ts';
export * from './object.ts';
export * from './pcr.ts';
export * from './pcr-control.ts';
export * from './pcr-event.ts';
export * from './policy.ts';
export * from './policy-assertions.ts';
export * from './policy-authorizations.ts';
export * from './policy-conditions.ts';
export * from './random.ts';
export * from './sequence.ts';
export * from './session.ts';
export * from './signing.ts';
export * from './startup.ts';
export * from './symmetric.ts';
export * from './test-parms.ts';
export * from './testing.ts';
