import { z } from 'zod';
import type { RandomState } from '../../sim/index.ts';
import { isHashState } from '../model/crypto/running-hash.ts';
import type { Limits } from '../model/limits.ts';
import { fixedNvBytes } from '../model/nv/nv.ts';
import { PCR_COUNT } from '../model/pcr/pcr.ts';
import type { KeyObject, NvIndex, Permanent, PolicyHash, Ram, Saved, State, StateClear, StateReset } from '../model/state.ts';
import {
  digestBytes,
  HASHES,
  LARGEST_DIGEST,
  PCR_SELECT_BYTES,
  TPM_RH,
  TPM2B_AUTH,
  TPMI_ALG_HASH,
  TPMI_DH_PERSISTENT,
  TPMI_RH_NV_INDEX,
  TPMS_NV_PUBLIC,
  TPMT_HA_NULL,
} from '../wire/index.ts';
import { biguint, bytesOf, schemaOf, uint } from './codec-schema.ts';
import { keyObject, loadedObject, sessionOf } from './object-schema.ts';

// State is data from outside, whatever digest it has: here stands for each field what it can be, and what goes with what. What passes can
// neither stop a command half-way nor keep one from ending.

const flag = z.boolean();
/** Counts that go up by one: far below where a number of their width would begin anew. */
const count32 = uint(31);
const count64 = biguint(62);
/** Milliseconds: the largest that TPM2_ClockSet takes, and some centuries. */
const LARGEST_CLOCK_MS = 0xffff_0000_0000_0000n + 2n ** 46n;
const clockMs = z.bigint().min(0n).max(LARGEST_CLOCK_MS);
/** PCRs, by number. */
const pcrNumber = uint(5).refine(pcr => pcr < PCR_COUNT, 'is no PCR');
const seed = bytesOf(LARGEST_DIGEST);
const auth = schemaOf(TPM2B_AUTH);
const hash = schemaOf(TPMI_ALG_HASH);
const policyHash: z.ZodType<PolicyHash> = schemaOf(TPMT_HA_NULL);

/** A map with an entry for each of these numbers and no other. */
const each = <T>(numbers: readonly number[], entry: z.ZodType<T>): z.ZodType<Map<number, T>> =>
  z
    .map(z.literal([...numbers]), entry)
    .refine(map => map.size === numbers.length, `has not an entry for each of ${numbers.map(hex).join(', ')}`);
const hex = (number: number): string => `0x${number.toString(16)}`;

const { OWNER, ENDORSEMENT, PLATFORM, LOCKOUT } = TPM_RH;
const BANKS: readonly number[] = HASHES.map(({ id }) => id);
const pcrSelects = each(BANKS, bytesOf(PCR_SELECT_BYTES));
/** Values of a bank: all of them, or before Startup the first alone, or none. */
const pcrs: z.ZodType<Map<number, Uint8Array[]>> = z
  .map(z.literal([...BANKS]), z.array(z.instanceof(Uint8Array)).max(PCR_COUNT))
  .superRefine((map, context) => {
    for (const [bank, values] of map)
      for (const [pcr, { length }] of values.entries())
        if (length !== digestBytes(bank))
          context.addIssue({ code: 'custom', path: [bank, pcr], message: `is not of ${digestBytes(bank)} bytes` });
  });
const isWhole = (map: ReadonlyMap<number, readonly Uint8Array[]>): boolean => BANKS.every(bank => map.get(bank)?.length === PCR_COUNT);
const wholePcrs = pcrs.refine(isWhole, `has not ${PCR_COUNT} values in each bank`);

const nvIndex: z.ZodType<NvIndex> = z
  .strictObject({ publicArea: schemaOf(TPMS_NV_PUBLIC), authValue: auth, data: z.instanceof(Uint8Array) })
  .superRefine(({ publicArea, authValue, data }, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    const bytes = digestBytes(publicArea.nameAlg);
    const fixed = fixedNvBytes(publicArea);
    if (fixed !== undefined && publicArea.dataSize !== fixed)
      fault(['publicArea', 'dataSize'], `is not ${fixed}, as the type of the Index wants`);
    if (data.length !== publicArea.dataSize) fault(['data'], `is not of ${publicArea.dataSize} bytes`);
    if (authValue.length > bytes) fault(['authValue'], `is of more than ${bytes} bytes`);
    if (publicArea.authPolicy.length !== 0 && publicArea.authPolicy.length !== bytes)
      fault(['publicArea', 'authPolicy'], `is not of 0 or ${bytes} bytes`);
  });

const persistentOf = ({ persistentObjects }: Limits): z.ZodType<Map<number, KeyObject>> =>
  z
    .map(schemaOf(TPMI_DH_PERSISTENT), keyObject)
    .refine(({ size }) => size <= persistentObjects, `has more than ${persistentObjects} objects`)
    .superRefine((map, context) => {
      for (const [handle, { evictHandle }] of map)
        if (evictHandle !== handle)
          context.addIssue({ code: 'custom', path: [handle, 'evictHandle'], message: 'is not the handle at which it stands' });
    });

const nvOf = ({ nvBytes }: Limits): z.ZodType<Map<number, NvIndex>> =>
  z
    .map(schemaOf(TPMI_RH_NV_INDEX), nvIndex)
    .refine(map => [...map.values()].reduce((sum, { data }) => sum + data.length, 0) <= nvBytes, `has more than ${nvBytes} bytes`)
    .superRefine((map, context) => {
      for (const [handle, { publicArea }] of map)
        if (publicArea.nvIndex !== handle)
          context.addIssue({ code: 'custom', path: [handle, 'publicArea', 'nvIndex'], message: 'is not the handle at which it stands' });
    });

const permanentOf = (limits: Limits): z.ZodType<Permanent> =>
  z.strictObject({
    seeds: each([OWNER, ENDORSEMENT, PLATFORM], seed),
    proofs: each([OWNER, ENDORSEMENT, PLATFORM], seed),
    auths: each([OWNER, ENDORSEMENT, LOCKOUT], auth),
    policies: each([OWNER, ENDORSEMENT, LOCKOUT], policyHash),
    disableClear: flag,
    failedTries: uint(32),
    maxTries: uint(32),
    recoveryTime: uint(32),
    lockoutRecovery: uint(32),
    lockoutAuthEnabled: flag,
    persistent: persistentOf(limits),
    nv: nvOf(limits),
    maxCounter: biguint(64),
    pcrAllocated: pcrSelects,
    pcrAllocatedNext: pcrSelects.nullable(),
    algorithmSet: uint(32),
    pcrPolicies: z.map(pcrNumber, policyHash),
    physicalPresenceCommands: z.set(uint(32)),
    auditCommands: z.set(uint(32)),
    auditHashAlg: hash,
    auditCounter: count64,
    resetCount: uint(32),
    totalResetCount: uint(32),
    clock: clockMs,
    timeEpoch: count32,
    orderly: z.enum(['none', 'daUsed', 'clear', 'state']),
    established: flag,
  });

const stateClear: z.ZodType<StateClear> = z.strictObject({
  shEnable: flag,
  ehEnable: flag,
  phEnableNV: flag,
  platformAuth: auth,
  platformPolicy: policyHash,
  pcrAuths: z.map(pcrNumber, auth),
});

/** Entries of contextArray are slots, or the low 16 bits of a sequence. */
const contextEntry = uint(16);
const stateResetOf = ({ loadedSessions, activeSessions }: Limits): z.ZodType<StateReset> =>
  z.strictObject({
    nullSeed: seed,
    nullProof: seed,
    clearCount: count32,
    restartCount: count32,
    objectContextId: count64,
    contextCounter: count64.refine(counter => (counter & 0xffffn) > BigInt(loadedSessions), 'means a slot'),
    contextArray: z.array(contextEntry).refine(({ length }) => length === activeSessions, {
      error: ({ input }) => `is of a TPM with ${(input as unknown[]).length} sessions, this one has ${activeSessions}`,
    }),
    pcrCounter: uint(32),
    // One byte says that the hash was changed just now.
    commandAuditDigest: bytesOf(0, LARGEST_DIGEST).refine(
      ({ length }) => length <= 1 || BANKS.some(bank => digestBytes(bank) === length),
      'is no digest',
    ),
    commitCounter: count64,
    commitArray: bytesOf(16),
    commitNonce: seed,
  });

const launchHash: z.ZodType<Map<number, Uint8Array>> = each(BANKS, z.instanceof(Uint8Array)).superRefine((map, context) => {
  for (const [bank, state] of map)
    if (!isHashState(bank, state)) context.addIssue({ code: 'custom', path: [bank], message: 'is no state of this hash' });
});

const slots = <T>(count: number, what: string, entry: z.ZodType<T>): z.ZodType<(T | null)[]> =>
  z.array(entry.nullable()).refine(({ length }) => length === count, {
    error: ({ input }) => `has ${(input as unknown[]).length} slots for ${what}, this TPM has ${count}`,
  });

const ramOf = (limits: Limits): z.ZodType<Ram> =>
  z.strictObject({
    phEnable: flag,
    objects: slots(
      limits.loadedObjects,
      'objects',
      loadedObject.refine(({ evictHandle }) => evictHandle === null, { path: ['evictHandle'], message: 'is set in a slot' }),
    ),
    sessions: slots(limits.loadedSessions, 'sessions', sessionOf(limits)),
    pcrs,
    exclusiveAuditSession: uint(32).nullable(),
    launchHash: launchHash.nullable(),
    launchMeasured: flag,
    daUsed: flag,
    poweredOnAt: z.bigint(),
    // Less than 0 once the clock was set back in the course of a power cycle: TPM2_Clear sets it to 0.
    clockAtPowerOn: z
      .bigint()
      .min(-(2n ** 62n))
      .max(LARGEST_CLOCK_MS),
    startedOrderly: flag,
    lastFailure: biguint(62),
    lockoutSince: biguint(62),
    locality3: flag,
  });

export interface PermanentPart {
  readonly permanent: Permanent;
  readonly saved: Saved | null;
}

/** What is in NV memory. */
export const permanentPart = once(
  (limits: Limits): z.ZodType<PermanentPart> =>
    z.strictObject({
      permanent: permanentOf(limits),
      saved: z.strictObject({ clear: stateClear, reset: stateResetOf(limits), pcrs: wholePcrs, locality3: flag }).nullable(),
    }),
);

export interface VolatilePart {
  readonly power: State['power'];
  readonly clear: StateClear;
  readonly reset: StateReset;
  readonly ram: Ram;
  /** TPM time: the clock of another process stands elsewhere. */
  readonly timeMs: bigint;
  /** timeEpoch of the permanent state that it belongs to. */
  readonly epoch: number;
  readonly random: RandomState;
}

/** What is lost with power. */
export const volatilePart = once(
  (limits: Limits): z.ZodType<VolatilePart> =>
    z
      .strictObject({
        power: z.enum(['off', 'on', 'started']),
        clear: stateClear,
        reset: stateResetOf(limits),
        ram: ramOf(limits),
        timeMs: biguint(62),
        epoch: count32,
        random: z.strictObject({ key: bytesOf(32), position: uint(50) }),
      })
      .superRefine(({ power, reset, ram }, context) => {
        const fault = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
        // Before Startup there is only what power-on made; the rest is of the time before, and Startup replaces it.
        if (power !== 'started') return;
        if (!isWhole(ram.pcrs)) fault(['ram', 'pcrs'], `has not ${PCR_COUNT} values in each bank`);
        for (const [slot, session] of ram.sessions.entries())
          if (session && reset.contextArray[session.handle & 0xffffff] !== slot + 1)
            fault(['ram', 'sessions', slot, 'handle'], 'is not of the session that contextArray has in this slot');
        for (const [number, entry] of reset.contextArray.entries())
          if (entry > 0 && entry <= limits.loadedSessions && (ram.sessions[entry - 1]?.handle ?? -1) % 2 ** 24 !== number)
            fault(['reset', 'contextArray', number], 'names a slot in which this session is not');
      }),
);

/** Made once for all TPMs with the same limits: one that moves is checked again and again. */
function once<T>(make: (limits: Limits) => T): (limits: Limits) => T {
  const made = new Map<string, T>();
  return limits => {
    const key = JSON.stringify(limits);
    const found = made.get(key) ?? make(limits);
    made.set(key, found);
    return found;
  };
}
