import { EMPTY } from '../session-crypto.ts';
import { HASHES, LARGEST_DIGEST, PCR_SELECT_BYTES, TPM_ALG, TPM_CC, TPM_RH } from '../wire/index.ts';
import type { Core } from './core.ts';
import type { Permanent, PolicyHash, Ram, State, StateClear, StateReset } from './state.ts';

const NO_POLICY: PolicyHash = { hashAlg: TPM_ALG.NULL };
const { OWNER, ENDORSEMENT, PLATFORM, LOCKOUT } = TPM_RH;

/** A TPM as it leaves the factory: seeds of its own, no objects, power off. */
export function manufacture(tpm: Core): State {
  return { power: 'off', permanent: permanent(tpm), saved: null, clear: freshClear(), reset: freshReset(tpm), ram: freshRam(tpm) };
}

function permanent(tpm: Core): Permanent {
  const random = () => tpm.bytes(LARGEST_DIGEST);
  return {
    seeds: new Map([OWNER, ENDORSEMENT, PLATFORM].map(hierarchy => [hierarchy, random()])),
    proofs: new Map([OWNER, ENDORSEMENT, PLATFORM].map(hierarchy => [hierarchy, random()])),
    auths: new Map([OWNER, ENDORSEMENT, LOCKOUT].map(hierarchy => [hierarchy, EMPTY])),
    policies: new Map([OWNER, ENDORSEMENT, LOCKOUT].map(hierarchy => [hierarchy, NO_POLICY])),
    disableClear: false,
    failedTries: 0,
    maxTries: 3,
    recoveryTime: 1000,
    lockoutRecovery: 1000,
    lockoutAuthEnabled: true,
    persistent: new Map(),
    nv: new Map(),
    maxCounter: 0n,
    pcrAllocated: new Map(HASHES.map(hash => [hash.id, new Uint8Array(PCR_SELECT_BYTES).fill(0xff)])),
    pcrAllocatedNext: null,
    algorithmSet: 0,
    pcrPolicies: new Map(),
    physicalPresenceCommands: new Set([TPM_CC.PP_Commands]),
    auditCommands: new Set([TPM_CC.SetCommandCodeAuditStatus]),
    auditHashAlg: TPM_ALG.SHA512,
    auditCounter: 0n,
    resetCount: 0,
    totalResetCount: 0,
    clock: 0n,
    timeEpoch: 0,
    orderly: 'clear',
    established: false,
  };
}

export const freshClear = (): StateClear => ({
  shEnable: true,
  ehEnable: true,
  phEnableNV: true,
  platformAuth: EMPTY,
  platformPolicy: NO_POLICY,
  pcrAuths: new Map(),
});

export const freshReset = (tpm: Core): StateReset => ({
  nullSeed: tpm.bytes(LARGEST_DIGEST),
  nullProof: tpm.bytes(LARGEST_DIGEST),
  clearCount: 0,
  restartCount: 0,
  objectContextId: 0n,
  // Numbers up to the count of loaded sessions mean slots in contextArray.
  contextCounter: BigInt(tpm.limits.loadedSessions + 1),
  contextArray: new Array<number>(tpm.limits.activeSessions).fill(0),
  pcrCounter: 0,
  commandAuditDigest: EMPTY,
  commitCounter: 0n,
  commitArray: new Uint8Array(16),
  commitNonce: tpm.bytes(LARGEST_DIGEST),
});

export const freshRam = (tpm: Core): Ram => ({
  phEnable: true,
  objects: new Array<null>(tpm.limits.loadedObjects).fill(null),
  sessions: new Array<null>(tpm.limits.loadedSessions).fill(null),
  pcrs: new Map(),
  exclusiveAuditSession: null,
  launchHash: null,
  launchMeasured: false,
  daUsed: false,
  poweredOnAt: tpm.clock.nowMs,
  clockAtPowerOn: 0n,
  startedOrderly: true,
  lastFailure: 0n,
  lockoutSince: 0n,
  locality3: false,
});
