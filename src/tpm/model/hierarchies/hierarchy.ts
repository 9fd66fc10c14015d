import { TPM_RH } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import type { PolicyHash } from '../state.ts';

const { OWNER, ENDORSEMENT, PLATFORM, LOCKOUT, NULL } = TPM_RH;
const EMPTY = new Uint8Array(0);
const NO_POLICY: PolicyHash = { hashAlg: 0x10 };

/** Whether objects of a hierarchy may be used; the null hierarchy always. */
export function isEnabled(tpm: Core, hierarchy: number): boolean {
  const { clear, ram } = tpm.state;
  if (hierarchy === OWNER) return clear.shEnable;
  if (hierarchy === ENDORSEMENT) return clear.ehEnable;
  if (hierarchy === PLATFORM) return ram.phEnable;
  return true;
}

const must = (bytes: Uint8Array | undefined, what: string): Uint8Array => {
  if (!bytes) throw new RangeError(`there is no ${what}`);
  return bytes;
};

export const seedOf = (tpm: Core, hierarchy: number): Uint8Array =>
  hierarchy === NULL ? tpm.state.reset.nullSeed : must(tpm.state.permanent.seeds.get(hierarchy), 'seed');
export const proofOf = (tpm: Core, hierarchy: number): Uint8Array =>
  hierarchy === NULL ? tpm.state.reset.nullProof : must(tpm.state.permanent.proofs.get(hierarchy), 'proof');

/** The authorization value of a permanent entity; TPM_RH_NULL has the empty one. */
export function hierarchyAuth(tpm: Core, handle: number): Uint8Array {
  return handle === PLATFORM ? tpm.state.clear.platformAuth : (tpm.state.permanent.auths.get(handle) ?? EMPTY);
}

export function setHierarchyAuth(tpm: Core, handle: number, auth: Uint8Array): void {
  if (handle === PLATFORM) {
    tpm.state.clear.platformAuth = auth;
    tpm.disorderly = true;
  } else tpm.state.permanent.auths.set(handle, auth);
}

export function hierarchyPolicy(tpm: Core, handle: number): PolicyHash {
  return handle === PLATFORM ? tpm.state.clear.platformPolicy : (tpm.state.permanent.policies.get(handle) ?? NO_POLICY);
}

/** Hierarchies with an authorization value and policy. */
export const PERMANENT_ENTITIES = [OWNER, LOCKOUT, ENDORSEMENT, PLATFORM] as const;
