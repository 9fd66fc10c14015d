import type { Clock } from '../../sim/index.ts';
import { EMPTY } from '../session-crypto.ts';
import { HASHES, LARGEST_DIGEST, PCR_SELECT_BYTES, TPM_ALG, TPM_CC, TPM_RH } from '../wire/index.ts';
import type { Limits } from './limits.ts';
import type { Permanent, PolicyHash, Ram, State, StateClear, StateReset } from './state.ts';

const NO_POLICY: PolicyHash = { hashAlg: TPM_ALG.NULL };
const { OWNER, ENDORSEMENT, PLATFORM, LOCKOUT } = TPM_RH;

/** What is needed to make a state: of a TPM that is, or of one that is being made. */
export interface Factory {
  readonly limits: Limits;
  readonly clock: Clock;
  bytes(count: number): Uint8Array;
}

/** A TPM as it leaves the factory: seeds of its own, no objects, power off. */
export function manufacture(factory: Factory): State {
  return {
    power: 'off',
    permanent: permanent(factory),
    saved: null,
    clear: freshClear(),
    reset: freshReset(factory),
    ram: freshRam(factory),
  };
}

function permanent(factory: Factory): Permanent {
  const random = () => factory.bytes(LARGEST_DIGEST);
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

export const freshReset = (factory: Factory): StateReset => ({
  nullSeed: factory.bytes(LARGEST_DIGEST),
  nullProof: factory.bytes(LARGEST_DIGEST),
  clearCount: 0,
  restartCount: 0,
  objectContextId: 0n,
  // Numbers up to the count of loaded sessions mean slots in contextArray.
  contextCounter: BigInt(factory.limits.loadedSessions + 1),
  contextArray: new Array<number>(factory.limits.activeSessions).fill(0),
  pcrCounter: 0,
  commandAuditDigest: EMPTY,
  commitCounter: 0n,
  commitArray: new Uint8Array(16),
  commitNonce: factory.bytes(LARGEST_DIGEST),
});

export const freshRam = (factory: Factory): Ram => ({
  phEnable: true,
  objects: new Array<null>(factory.limits.loadedObjects).fill(null),
  sessions: new Array<null>(factory.limits.loadedSessions).fill(null),
  pcrs: new Map(),
  exclusiveAuditSession: null,
  launchHash: null,
  launchMeasured: false,
  daUsed: false,
  poweredOnAt: factory.clock.nowMs,
  clockAtPowerOn: 0n,
  startedOrderly: true,
  lastFailure: 0n,
  lockoutSince: 0n,
  locality3: false,
});
