import { has, LARGEST_DIGEST, nvType, TPM_ALG, TPM_NT, TPM_RH, TPMA_NV } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { nvNumber } from '../nv/nv.ts';
import type { NvIndex, PolicyHash } from '../state.ts';
import { timeOf } from '../time.ts';

// Part 1 §13, Part 4 HierarchyCommands.c: what happens to a hierarchy happens to all that is in it.

const NO_POLICY: PolicyHash = { hashAlg: TPM_ALG.NULL };
const EMPTY = new Uint8Array(0);
const { OWNER, ENDORSEMENT, PLATFORM, LOCKOUT } = TPM_RH;

/** phEnable, shEnable, ehEnable or phEnableNV. */
export function isSelected(tpm: Core, which: number): boolean {
  const { clear, ram } = tpm.state;
  if (which === PLATFORM) return ram.phEnable;
  if (which === OWNER) return clear.shEnable;
  return which === ENDORSEMENT ? clear.ehEnable : clear.phEnableNV;
}

export function enable(tpm: Core, which: number, on: boolean): void {
  const { clear, ram } = tpm.state;
  if (which === PLATFORM) ram.phEnable = on;
  else if (which === OWNER) clear.shEnable = on;
  else if (which === ENDORSEMENT) clear.ehEnable = on;
  else clear.phEnableNV = on;
  if (!on && which !== TPM_RH.PLATFORM_NV) flushTransient(tpm, which);
  tpm.disorderly = true;
}

export function setPolicy(tpm: Core, handle: number, hashAlg: number, digest: Uint8Array): void {
  const policy = (hashAlg === TPM_ALG.NULL ? NO_POLICY : { hashAlg, digest }) as PolicyHash;
  if (handle === PLATFORM) {
    tpm.state.clear.platformPolicy = policy;
    tpm.disorderly = true;
  } else tpm.state.permanent.policies.set(handle, policy);
}

/** A new seed and proof; nothing made under the old ones can come back. */
export function changeSeed(tpm: Core, hierarchy: number): void {
  const { permanent } = tpm.state;
  permanent.seeds.set(hierarchy, tpm.bytes(LARGEST_DIGEST));
  permanent.proofs.set(hierarchy, tpm.bytes(LARGEST_DIGEST));
  setPolicy(tpm, hierarchy, TPM_ALG.NULL, EMPTY);
  tpm.disorderly = true;
}

function flushTransient(tpm: Core, hierarchy: number): void {
  const { ram } = tpm.state;
  ram.objects = ram.objects.map(object => (object?.kind === 'key' && object.hierarchy === hierarchy ? null : object));
}

/** Its objects go, loaded or persistent; with the owner's all Indices that the owner defined. */
export function flushHierarchy(tpm: Core, hierarchy: number): void {
  const { permanent } = tpm.state;
  flushTransient(tpm, hierarchy);
  for (const [handle, object] of permanent.persistent) if (object.hierarchy === hierarchy) permanent.persistent.delete(handle);
  if (hierarchy !== OWNER) return;
  for (const [handle, index] of permanent.nv) {
    if (has(index.publicArea.attributes, TPMA_NV.bit.PLATFORMCREATE)) continue;
    rememberCount(tpm, index);
    permanent.nv.delete(handle);
  }
}

/** No counter may begin below the count of one that is gone. */
function rememberCount(tpm: Core, index: NvIndex): void {
  const count = nvType(index.publicArea.attributes) === TPM_NT.COUNTER ? nvNumber(index) : null;
  if (count !== null && count > tpm.state.permanent.maxCounter) tpm.state.permanent.maxCounter = count;
}

/** TPM2_Clear: a new owner begins. The endorsement seed stays, so that the TPM can still be told from others. */
export function clearTpm(tpm: Core): void {
  const { permanent, clear, reset, ram } = tpm.state;
  permanent.seeds.set(OWNER, tpm.bytes(LARGEST_DIGEST));
  permanent.proofs.set(OWNER, tpm.bytes(LARGEST_DIGEST));
  permanent.proofs.set(ENDORSEMENT, tpm.bytes(LARGEST_DIGEST));
  clear.shEnable = true;
  clear.ehEnable = true;
  for (const handle of [OWNER, ENDORSEMENT, LOCKOUT]) {
    permanent.auths.set(handle, EMPTY);
    permanent.policies.set(handle, NO_POLICY);
  }
  flushHierarchy(tpm, OWNER);
  flushHierarchy(tpm, ENDORSEMENT);
  Object.assign(permanent, { failedTries: 0, maxTries: 3, recoveryTime: 1000, lockoutRecovery: 1000, lockoutAuthEnabled: true });
  permanent.clock = 0n;
  ram.clockAtPowerOn = -timeOf(tpm);
  ram.startedOrderly = true;
  permanent.resetCount = 0;
  permanent.auditCounter = 0n;
  reset.restartCount = 0;
  reset.clearCount = 0;
  clear.pcrAuths.clear();
  reset.pcrCounter = (reset.pcrCounter + 1) >>> 0;
  tpm.disorderly = true;
}
