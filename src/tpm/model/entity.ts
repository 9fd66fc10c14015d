import { handleName } from '../names.ts';
import { handleType, TPM_ALG, TPM_HT, TPM_RH } from '../wire/index.ts';
import type { Core } from './core.ts';
import { hierarchyAuth, hierarchyPolicy } from './hierarchies/hierarchy.ts';
import { objectAt } from './keys/objects.ts';
import { nvAt, nvName } from './nv/nv.ts';
import { ruleOf } from './pcr/pcr.ts';

// Part 4 Entity.c: what can be authorized, whatever it is.

const EMPTY = new Uint8Array(0);

/** The Name by which an entity goes into cpHash. A sequence has none. */
export function entityName(tpm: Core, handle: number): Uint8Array {
  switch (handleType(handle)) {
    case TPM_HT.TRANSIENT: {
      const object = objectAt(tpm, handle);
      return object.kind === 'key' ? object.name : EMPTY;
    }
    case TPM_HT.NV_INDEX:
      return nvName(tpm, handle);
    default:
      return handleName(handle);
  }
}

/** The authorization value, without trailing zeros. */
export function entityAuth(tpm: Core, handle: number): Uint8Array {
  switch (handleType(handle)) {
    case TPM_HT.PERMANENT:
      return hierarchyAuth(tpm, handle);
    case TPM_HT.TRANSIENT: {
      const object = objectAt(tpm, handle);
      return object.kind === 'key' ? (object.sensitive?.authValue ?? EMPTY) : object.authValue;
    }
    case TPM_HT.NV_INDEX:
      return nvAt(tpm, handle).authValue;
    case TPM_HT.PCR:
      return tpm.state.clear.pcrAuths.get(handle) ?? EMPTY;
    default:
      return EMPTY;
  }
}

/** The policy and the hash it is made with; TPM_ALG_NULL is none. */
export function entityPolicy(tpm: Core, handle: number): { hashAlg: number; digest: Uint8Array } {
  switch (handleType(handle)) {
    case TPM_HT.TRANSIENT: {
      const object = objectAt(tpm, handle);
      return object.kind === 'key' ? { hashAlg: object.publicArea.nameAlg, digest: object.publicArea.authPolicy } : NONE;
    }
    case TPM_HT.NV_INDEX: {
      const { publicArea } = nvAt(tpm, handle);
      return { hashAlg: publicArea.nameAlg, digest: publicArea.authPolicy };
    }
    case TPM_HT.PERMANENT:
      return withDigest(hierarchyPolicy(tpm, handle));
    case TPM_HT.PCR: {
      const policy = tpm.state.permanent.pcrPolicies.get(handle);
      return policy && ruleOf(tpm, handle).group ? withDigest(policy) : NONE;
    }
    default:
      return NONE;
  }
}

const NONE = { hashAlg: TPM_ALG.NULL, digest: EMPTY };
function withDigest(policy: ReturnType<typeof hierarchyPolicy>): { hashAlg: number; digest: Uint8Array } {
  return policy.hashAlg === TPM_ALG.NULL ? NONE : policy;
}

/** The hierarchy whose proof vouches for what is said about an entity. */
export function entityHierarchy(tpm: Core, handle: number): number {
  switch (handleType(handle)) {
    case TPM_HT.PERMANENT:
      return handle === TPM_RH.PLATFORM || handle === TPM_RH.ENDORSEMENT || handle === TPM_RH.NULL ? handle : TPM_RH.OWNER;
    case TPM_HT.TRANSIENT:
      return objectAt(tpm, handle).hierarchy;
    case TPM_HT.NV_INDEX:
      return nvAt(tpm, handle).publicArea.attributes & 0x40000000 ? TPM_RH.PLATFORM : TPM_RH.OWNER;
    default:
      return TPM_RH.OWNER;
  }
}
