import type { Value } from '../../bytes/index.ts';
import type { SymDef } from '../session-crypto.ts';
import type { TPMS_NV_PUBLIC, TPMT_HA_NULL, TPMT_PUBLIC, TPMT_SENSITIVE } from '../wire/index.ts';

// All that a TPM remembers, as plain data, grouped by what survives what (Part 1 §12.2.3, Part 4: PERSISTENT_DATA,
// STATE_CLEAR_DATA, STATE_RESET_DATA, RAM).

/** A key or data object. It does not change once it is loaded: two handles may share one. */
export interface KeyObject {
  readonly kind: 'key';
  readonly publicArea: TPMT_PUBLIC;
  /** Absent when only the public part is loaded. */
  readonly sensitive: TPMT_SENSITIVE | null;
  readonly name: Uint8Array;
  readonly qualifiedName: Uint8Array;
  /** The hierarchy at the root; TPM_RH_NULL makes it temporary. */
  readonly hierarchy: number;
  /** Loaded by LoadExternal: no parent of this TPM vouches for it. */
  readonly external: boolean;
  /** It or an ancestor has stClear: gone at Startup(CLEAR). */
  readonly stClear: boolean;
  /** Its persistent handle, when it has one. */
  readonly evictHandle: number | null;
}

/** A hash, HMAC or event sequence under way. It has no Name. */
export interface SequenceObject {
  readonly kind: 'sequence';
  readonly what: 'hash' | 'hmac' | 'event';
  readonly authValue: Uint8Array;
  /** The state of each running hash. */
  readonly running: readonly { readonly hashAlg: number; readonly state: Uint8Array }[];
  readonly hmacKey: Uint8Array;
  /** The cipher of a CMAC, which is an HMAC sequence with another algorithm; else TPM_ALG_NULL. */
  readonly cipher: number;
  /** Whether the data may get a ticket (Part 3 §17.5.1); null while no data came. */
  readonly ticketSafe: boolean | null;
  readonly hierarchy: number;
  readonly evictHandle: null;
}
export type LoadedObject = KeyObject | SequenceObject;

/** Of what a policy session may hold a hash. */
export type BoundHash = 'cpHash' | 'nameHash' | 'templateHash' | 'parameterHash';

export interface PolicyState {
  digest: Uint8Array;
  /** 0 while PolicyCommandCode was not given. */
  commandCode: number;
  authValueNeeded: boolean;
  passwordNeeded: boolean;
  ppRequired: boolean;
  /** TPMA_LOCALITY; 0 means any. */
  locality: number;
  /** pcrUpdateCounter at PolicyPCR; 0 while there was none. */
  pcrCounter: number;
  /** End of the authorization in TPM time (ms); 0n means none. */
  timeout: bigint;
  /** What else the command must be. */
  bound: { what: BoundHash; digest: Uint8Array } | null;
  /** The state of WRITTEN that PolicyNvWritten demands; null means any. */
  nvWritten: boolean | null;
}

export interface Session {
  readonly handle: number;
  readonly authHash: number;
  readonly symmetric: SymDef;
  readonly sessionKey: Uint8Array;
  nonceTPM: Uint8Array;
  /** Stands for Name and authorization value of the entity it is bound to. */
  boundEntity: Uint8Array | null;
  readonly isDaBound: boolean;
  readonly isLockoutBound: boolean;
  /** Present once the session was used for audit. */
  auditDigest: Uint8Array | null;
  readonly trial: boolean;
  /** Present in policy and trial sessions. */
  policy: PolicyState | null;
  /** TPM time (ms) and time epoch when it began: expirations count from there. */
  startTime: bigint;
  epoch: number;
}

export type PolicyHash = Value<typeof TPMT_HA_NULL>;

export interface NvIndex {
  publicArea: TPMS_NV_PUBLIC;
  authValue: Uint8Array;
  /** Contents; bytes that were never written are 0xff. */
  data: Uint8Array;
}

/** What the TPM was told before it lost power: `none` is a shutdown that nobody announced. */
export type Orderly = 'none' | 'daUsed' | 'clear' | 'state';

export interface Permanent {
  /** Primary seeds and proofs of owner, endorsement and platform, by hierarchy handle. */
  seeds: Map<number, Uint8Array>;
  proofs: Map<number, Uint8Array>;
  /** Authorization values of owner, endorsement and lockout. */
  auths: Map<number, Uint8Array>;
  policies: Map<number, PolicyHash>;
  disableClear: boolean;
  failedTries: number;
  maxTries: number;
  /** Seconds. */
  recoveryTime: number;
  lockoutRecovery: number;
  lockoutAuthEnabled: boolean;
  persistent: Map<number, KeyObject>;
  nv: Map<number, NvIndex>;
  /** The largest count of any counter Index that was deleted: new ones start above it. */
  maxCounter: bigint;
  /** Which PCRs each bank has, as pcrSelect. */
  pcrAllocated: Map<number, Uint8Array>;
  /** The same after the next _TPM_Init; null means no change. */
  pcrAllocatedNext: Map<number, Uint8Array> | null;
  /** Told as TPM_PT_ALGORITHM_SET; it has no other meaning. */
  algorithmSet: number;
  /** Policies and authorization values of PCR groups, when set. */
  pcrPolicies: Map<number, PolicyHash>;
  physicalPresenceCommands: Set<number>;
  auditCommands: Set<number>;
  auditHashAlg: number;
  auditCounter: bigint;
  resetCount: number;
  totalResetCount: number;
  /** Milliseconds, as of the last time the TPM was powered off or told to shut down. */
  clock: bigint;
  timeEpoch: number;
  orderly: Orderly;
  /** TPM_ACCESS tpmEstablishment: a dynamic launch was seen since the bit was reset. */
  established: boolean;
}

/** Cleared at Startup(CLEAR), kept over Startup(STATE). */
export interface StateClear {
  shEnable: boolean;
  ehEnable: boolean;
  phEnableNV: boolean;
  platformAuth: Uint8Array;
  platformPolicy: PolicyHash;
  pcrAuths: Map<number, Uint8Array>;
}

/** Cleared at TPM Reset, kept over TPM Restart and Resume. */
export interface StateReset {
  nullSeed: Uint8Array;
  nullProof: Uint8Array;
  clearCount: number;
  restartCount: number;
  objectContextId: bigint;
  contextCounter: bigint;
  /** By session number: 0 free, 1..loadedSessions slot + 1, else the low 16 bits of the saved context's sequence. */
  contextArray: number[];
  pcrCounter: number;
  commandAuditDigest: Uint8Array;
  /** Split signatures: how many commitments were made, which of the last 128 are still open, and what their numbers come from. */
  commitCounter: bigint;
  commitArray: Uint8Array;
  commitNonce: Uint8Array;
}

/** Lost whenever power is. */
export interface Ram {
  phEnable: boolean;
  objects: (LoadedObject | null)[];
  sessions: (Session | null)[];
  /** Values by bank, then PCR number. */
  pcrs: Map<number, Uint8Array[]>;
  exclusiveAuditSession: number | null;
  /** The hash of _TPM_Hash_Start under way, by bank. */
  launchHash: Map<number, Uint8Array> | null;
  /** A launch was measured before Startup: PCR 0 holds it and keeps it. */
  launchMeasured: boolean;
  /** Whether the flag that an authorization with DA protection was used is on record already (RETRY, once a cycle). */
  daUsed: boolean;
  /** Virtual time (ms) of power-on: TPM time counts from there. */
  poweredOnAt: bigint;
  /** Clock at that moment. */
  clockAtPowerOn: bigint;
  /** Whether the power loss before was announced. */
  startedOrderly: boolean;
  /** TPM time (ms) of the last failed try or recovery step. */
  lastFailure: bigint;
  lockoutSince: bigint;
  /** Whether Startup came from locality 3 (the H-CRTM). */
  locality3: boolean;
}

/** What Shutdown(STATE) keeps. */
export interface Saved {
  clear: StateClear;
  reset: StateReset;
  pcrs: Map<number, Uint8Array[]>;
  /** Whether Startup came from locality 3: then it must again. */
  locality3: boolean;
}

export interface State {
  /** `on`: powered, waiting for Startup. */
  power: 'off' | 'on' | 'started';
  permanent: Permanent;
  saved: Saved | null;
  clear: StateClear;
  reset: StateReset;
  ram: Ram;
}
