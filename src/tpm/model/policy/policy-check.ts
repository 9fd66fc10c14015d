import { sameBytes } from '../../../bytes/index.ts';
import { digest } from '../../../crypto/index.ts';
import type { Role } from '../../record.ts';
import { refuse } from '../../refusal.ts';
import { u32 } from '../../session-crypto.ts';
import { handleType, has, hashName, TPM_CC, TPM_HT, TPM_RC, TPMA_NV } from '../../wire/index.ts';
import type { Call } from '../call.ts';
import type { Core } from '../core.ts';
import { entityPolicy } from '../entity.ts';
import { nvAt } from '../nv/nv.ts';
import type { BoundHash, PolicyState, Session } from '../state.ts';
import { timeOf } from '../time.ts';

/** Whether a policy session authorizes this command on this entity (Part 1 §19.7, Part 4 CheckPolicyAuthSession, its order). */
export function checkPolicy(tpm: Core, call: Call, session: Session, policy: PolicyState, entity: number, role: Role | undefined): void {
  const { command } = call;
  // A secret is proved by a value, not by a policy that wants none.
  if (command.code === TPM_CC.PolicySecret && !policy.passwordNeeded && !policy.authValueNeeded) refuse(TPM_RC.MODE);
  if (policy.pcrCounter !== 0 && policy.pcrCounter !== tpm.state.reset.pcrCounter) refuse(TPM_RC.PCR_CHANGED);
  const wanted = entityPolicy(tpm, entity);
  if (!sameBytes(policy.digest, wanted.digest) || session.authHash !== wanted.hashAlg) refuse(TPM_RC.POLICY_FAIL);
  if (policy.timeout !== 0n && (timeOf(tpm) > policy.timeout || session.epoch !== tpm.state.permanent.timeEpoch)) refuse(TPM_RC.EXPIRED);
  if (policy.commandCode !== 0) {
    if (policy.commandCode !== command.code) refuse(TPM_RC.POLICY_CC);
  } else if (role === 'ADMIN' || role === 'DUP') refuse(TPM_RC.POLICY_FAIL);
  if (!localityFits(policy.locality, call.locality)) refuse(TPM_RC.LOCALITY);
  if (policy.ppRequired && !tpm.physicalPresence) refuse(TPM_RC.PP);
  if (policy.bound && !sameBytes(policy.bound.digest, boundDigest(call, session.authHash, policy.bound.what))) refuse(TPM_RC.POLICY_FAIL);
  if (policy.nvWritten !== null) {
    if (handleType(entity) !== TPM_HT.NV_INDEX) refuse(TPM_RC.POLICY_FAIL);
    if (has(nvAt(tpm, entity).publicArea.attributes, TPMA_NV.bit.WRITTEN) !== policy.nvWritten) refuse(TPM_RC.POLICY_FAIL);
  }
}

/** Localities 0 to 4 are bits, 32 and above numbers (Part 2 §8.5). */
const localityFits = (allowed: number, locality: number): boolean =>
  allowed === 0 || (allowed > 31 ? allowed === locality : locality <= 4 && (allowed & (1 << locality)) !== 0);

function boundDigest(call: Call, hash: number, what: BoundHash): Uint8Array {
  switch (what) {
    case 'cpHash':
      return call.cpHash(hash);
    case 'nameHash':
      return digest(hashName(hash), ...call.names);
    case 'parameterHash':
      return digest(hashName(hash), u32(call.command.code), call.parameters);
    case 'templateHash':
      return digest(hashName(hash), templateOf(call));
  }
}

/** The inPublic of a creating command as it came: the second parameter's contents (Part 3 §23.21). Other commands have none. */
function templateOf(call: Call): Uint8Array {
  const { code } = call.command;
  if (code !== TPM_CC.Create && code !== TPM_CC.CreatePrimary && code !== TPM_CC.CreateLoaded) refuse(TPM_RC.POLICY_FAIL);
  const { parameters } = call;
  const first = 2 + (((parameters[0] ?? 0) << 8) | (parameters[1] ?? 0));
  const size = ((parameters[first] ?? 0) << 8) | (parameters[first + 1] ?? 0);
  return parameters.slice(first + 2, first + 2 + size);
}
