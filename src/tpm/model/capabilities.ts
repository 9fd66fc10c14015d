import { encode, sameBytes } from '../../bytes/index.ts';
import { attributesOf } from '../record.ts';
import { inParameter, refuse } from '../refusal.ts';
import { u16, u32 } from '../session-crypto.ts';
import {
  CURVES,
  HASHES,
  handleType,
  nvType,
  TPM_ALG,
  TPM_CAP,
  TPM_HT,
  TPM_NT,
  TPM_PT,
  TPM_RC,
  TPM_RH,
  TPMA_ALGORITHM,
  TPMA_PERMANENT,
  TPMA_STARTUP_CLEAR,
  TPMS_CAPABILITY_DATA,
} from '../wire/index.ts';
import type { Core } from './core.ts';
import { hierarchyAuth, hierarchyPolicy, PERMANENT_ENTITIES } from './hierarchies/hierarchy.ts';
import { PCR_COUNT, pcrProperties } from './pcr/pcr.ts';
import { CLOCK_UPDATE_MS } from './time.ts';

// Part 3 §30.2: capabilities report what exists. Each list begins at `property` and ends after `count` entries.

const MAX_CAP_BUFFER = 1024;
/** Bytes of the list that the buffer has room for (Part 2 §6.12: less capability and count). */
const ROOM = MAX_CAP_BUFFER - 8;

const a = TPMA_ALGORITHM.bit;
/** TPMA_ALGORITHM of what this TPM has. The bits are libtpms' (07-getcapability). */
const ALGORITHMS: readonly (readonly [number, number])[] = [
  [TPM_ALG.RSA, a.asymmetric | a.object],
  [TPM_ALG.TDES, a.symmetric],
  [TPM_ALG.SHA1, a.hash],
  [TPM_ALG.HMAC, a.hash | a.signing],
  [TPM_ALG.AES, a.symmetric],
  [TPM_ALG.MGF1, a.hash | a.method],
  [TPM_ALG.KEYEDHASH, a.hash | a.object | a.signing | a.encrypting],
  [TPM_ALG.XOR, a.hash | a.symmetric],
  [TPM_ALG.SHA256, a.hash],
  [TPM_ALG.SHA384, a.hash],
  [TPM_ALG.SHA512, a.hash],
  [TPM_ALG.RSASSA, a.asymmetric | a.signing],
  [TPM_ALG.RSAES, a.asymmetric | a.encrypting],
  [TPM_ALG.RSAPSS, a.asymmetric | a.signing],
  [TPM_ALG.OAEP, a.asymmetric | a.encrypting],
  [TPM_ALG.ECDSA, a.asymmetric | a.signing],
  [TPM_ALG.ECDH, a.asymmetric | a.method],
  [TPM_ALG.ECDAA, a.asymmetric | a.signing],
  [TPM_ALG.SM2, a.asymmetric | a.signing | a.method],
  [TPM_ALG.ECSCHNORR, a.asymmetric | a.signing],
  [TPM_ALG.ECMQV, a.asymmetric | a.method],
  [TPM_ALG.KDF1_SP800_56A, a.hash | a.method],
  [TPM_ALG.KDF2, a.hash | a.method],
  [TPM_ALG.KDF1_SP800_108, a.hash | a.method],
  [TPM_ALG.ECC, a.asymmetric | a.object],
  [TPM_ALG.SYMCIPHER, a.object],
  [TPM_ALG.CAMELLIA, a.symmetric],
  [TPM_ALG.CMAC, a.symmetric | a.signing],
  [TPM_ALG.CTR, a.symmetric | a.encrypting],
  [TPM_ALG.OFB, a.symmetric | a.encrypting],
  [TPM_ALG.CBC, a.symmetric | a.encrypting],
  [TPM_ALG.CFB, a.symmetric | a.encrypting],
  [TPM_ALG.ECB, a.symmetric | a.encrypting],
];

/** Whether this TPM has an algorithm. */
export const isImplemented = (alg: number): boolean => ALGORITHMS.some(([id]) => id === alg);

const PERMANENT_HANDLES = [TPM_RH.OWNER, TPM_RH.NULL, TPM_RH.PW, TPM_RH.LOCKOUT, TPM_RH.ENDORSEMENT, TPM_RH.PLATFORM, TPM_RH.PLATFORM_NV];

/** Kinds of handles that are listed. */
const HANDLE_TYPES: readonly number[] = [
  TPM_HT.PCR,
  TPM_HT.NV_INDEX,
  TPM_HT.HMAC_SESSION,
  TPM_HT.POLICY_SESSION,
  TPM_HT.PERMANENT,
  TPM_HT.TRANSIENT,
  TPM_HT.PERSISTENT,
];

/** Handles of one kind, or for loaded and saved sessions of both kinds, ascending. */
function handlesFrom(tpm: Core, property: number): readonly number[] {
  const { permanent, ram, reset } = tpm.state;
  const { loadedSessions } = tpm.limits;
  switch (handleType(property)) {
    case TPM_HT.PCR:
      return Array.from({ length: PCR_COUNT }, (_, pcr) => pcr);
    case TPM_HT.NV_INDEX:
      return [...permanent.nv.keys()].sort((x, y) => x - y);
    case TPM_HT.HMAC_SESSION: // loaded sessions of both kinds, in order of their numbers
      return ram.sessions.flatMap(session => (session ? [session.handle] : [])).sort((x, y) => (x & 0xffffff) - (y & 0xffffff));
    case TPM_HT.POLICY_SESSION: // saved ones: which kind each was stands in its context only, all are told as HMAC sessions
      return reset.contextArray.flatMap((entry, number) => (entry > loadedSessions ? [TPM_HT.HMAC_SESSION * 2 ** 24 + number] : []));
    case TPM_HT.PERMANENT:
      return PERMANENT_HANDLES;
    case TPM_HT.TRANSIENT:
      return ram.objects.flatMap((object, slot) => (object ? [TPM_HT.TRANSIENT * 2 ** 24 + slot] : []));
    case TPM_HT.PERSISTENT:
      return [...permanent.persistent.keys()].sort((x, y) => x - y);
    default:
      return refuse(inParameter(2, TPM_RC.HANDLE));
  }
}

const NUMBER = 0xffffff;
/** Sessions are listed from the number on, whatever kind the property's top byte names. */
const isSessionKind = (property: number): boolean =>
  handleType(property) === TPM_HT.HMAC_SESSION || handleType(property) === TPM_HT.POLICY_SESSION;
const handleList = (tpm: Core, property: number): readonly number[] =>
  handlesFrom(tpm, property).filter(handle => (isSessionKind(property) ? (handle & NUMBER) >= (property & NUMBER) : handle >= property));

function properties(tpm: Core): readonly (readonly [number, number])[] {
  const { permanent, ram, reset } = tpm.state;
  const { limits, behaviour } = tpm;
  const { firmwareVersion, specification, platformSpecification: platform } = behaviour;
  const text = (four: string): number => Buffer.from(four.padEnd(4, '\0')).readUInt32BE();
  const count = tpm.commands.size;
  const loaded = ram.sessions.filter(session => session !== null).length;
  const active = reset.contextArray.filter(entry => entry !== 0).length;
  const transient = ram.objects.filter(object => object !== null).length;
  const counters = [...permanent.nv.values()].filter(({ publicArea }) => nvType(publicArea.attributes) === TPM_NT.COUNTER).length;
  const P = TPM_PT;
  return [
    [P.FAMILY_INDICATOR, specification.family],
    [P.LEVEL, 0],
    [P.REVISION, specification.revision],
    [P.DAY_OF_YEAR, specification.dayOfYear],
    [P.YEAR, specification.year],
    [P.MANUFACTURER, text('IBM')],
    [P.VENDOR_STRING_1, text('SW  ')],
    [P.VENDOR_STRING_2, text(' TPM')],
    [P.VENDOR_STRING_3, 0],
    [P.VENDOR_STRING_4, 0],
    [P.VENDOR_TPM_TYPE, 1],
    [P.FIRMWARE_VERSION_1, Number(firmwareVersion >> 32n)],
    [P.FIRMWARE_VERSION_2, Number(firmwareVersion & 0xffffffffn)],
    [P.INPUT_BUFFER, 1024],
    [P.HR_TRANSIENT_MIN, limits.loadedObjects],
    [P.HR_PERSISTENT_MIN, 7],
    [P.HR_LOADED_MIN, limits.loadedSessions],
    [P.ACTIVE_SESSIONS_MAX, limits.activeSessions],
    [P.PCR_COUNT, PCR_COUNT],
    [P.PCR_SELECT_MIN, 3],
    [P.CONTEXT_GAP_MAX, 0xffff],
    [P.NV_COUNTERS_MAX, 0],
    [P.NV_INDEX_MAX, 2048],
    [P.MEMORY, 6],
    [P.CLOCK_UPDATE, CLOCK_UPDATE_MS],
    [P.CONTEXT_HASH, TPM_ALG.SHA512],
    [P.CONTEXT_SYM, TPM_ALG.AES],
    [P.CONTEXT_SYM_SIZE, 256],
    [P.ORDERLY_COUNT, 255],
    [P.MAX_COMMAND_SIZE, 4096],
    [P.MAX_RESPONSE_SIZE, 4096],
    [P.MAX_DIGEST, 64],
    [P.MAX_OBJECT_CONTEXT, behaviour.maxObjectContextBytes],
    [P.MAX_SESSION_CONTEXT, 0x194],
    [P.PS_FAMILY_INDICATOR, platform.family],
    [P.PS_LEVEL, 0],
    [P.PS_REVISION, platform.revision],
    [P.PS_DAY_OF_YEAR, platform.dayOfYear],
    [P.PS_YEAR, platform.year],
    [P.SPLIT_MAX, 128],
    [P.TOTAL_COMMANDS, count],
    [P.LIBRARY_COMMANDS, count],
    [P.VENDOR_COMMANDS, 0],
    [P.NV_BUFFER_MAX, 1024],
    [P.MODES, 0],
    [P.MAX_CAP_BUFFER, MAX_CAP_BUFFER],
    [P.PERMANENT, permanentBits(tpm)],
    [P.STARTUP_CLEAR, startupBits(tpm)],
    [P.HR_NV_INDEX, permanent.nv.size],
    [P.HR_LOADED, loaded],
    [P.HR_LOADED_AVAIL, limits.loadedSessions - loaded],
    [P.HR_ACTIVE, active],
    [P.HR_ACTIVE_AVAIL, limits.activeSessions - active],
    [P.HR_TRANSIENT_AVAIL, limits.loadedObjects - transient],
    [P.HR_PERSISTENT, permanent.persistent.size],
    [P.HR_PERSISTENT_AVAIL, limits.persistentObjects - permanent.persistent.size],
    [P.NV_COUNTERS, counters],
    [P.NV_COUNTERS_AVAIL, Math.max(0, 25 - counters)],
    [P.ALGORITHM_SET, permanent.algorithmSet],
    [P.LOADED_CURVES, CURVES.length],
    [P.LOCKOUT_COUNTER, permanent.failedTries],
    [P.MAX_AUTH_FAIL, permanent.maxTries],
    [P.LOCKOUT_INTERVAL, permanent.recoveryTime],
    [P.LOCKOUT_RECOVERY, permanent.lockoutRecovery],
    [P.NV_WRITE_RECOVERY, 0],
    [P.AUDIT_COUNTER_0, Number(permanent.auditCounter >> 32n)],
    [P.AUDIT_COUNTER_1, Number(permanent.auditCounter & 0xffffffffn)],
  ];
}

const setIf = (condition: boolean, bit: number): number => (condition ? bit : 0);

function permanentBits(tpm: Core): number {
  const { permanent } = tpm.state;
  const b = TPMA_PERMANENT.bit;
  return (
    setIf(hierarchyAuth(tpm, TPM_RH.OWNER).length > 0, b.ownerAuthSet) |
    setIf(hierarchyAuth(tpm, TPM_RH.ENDORSEMENT).length > 0, b.endorsementAuthSet) |
    setIf(hierarchyAuth(tpm, TPM_RH.LOCKOUT).length > 0, b.lockoutAuthSet) |
    setIf(permanent.disableClear, b.disableClear) |
    setIf(permanent.failedTries >= permanent.maxTries, b.inLockout) |
    b.tpmGeneratedEPS
  );
}

function startupBits(tpm: Core): number {
  const { clear, ram } = tpm.state;
  const b = TPMA_STARTUP_CLEAR.bit;
  return (
    (setIf(ram.phEnable, b.phEnable) |
      setIf(clear.shEnable, b.shEnable) |
      setIf(clear.ehEnable, b.ehEnable) |
      setIf(clear.phEnableNV, b.phEnableNV) |
      setIf(ram.startedOrderly, b.orderly)) >>>
    0
  );
}

/** The entries from `property` on that fit, and whether there are more. */
function page<T>(
  entries: readonly T[],
  keyOf: (entry: T) => number,
  property: number,
  count: number,
  entryBytes: number,
): { moreData: 0 | 1; data: T[] } {
  const rest = entries.filter(entry => keyOf(entry) >= property);
  const data = rest.slice(0, Math.min(count, Math.floor(ROOM / entryBytes)));
  return { moreData: data.length < rest.length ? 1 : 0, data };
}

/** Numbers of algorithms and curves have 16 bits: libtpms does not look at those above. */
const UINT16 = 0xffff;
const self = (value: number): number => value;
/** TPM_RH_ACT_0 to TPM_RH_ACT_F: no authenticated countdown timer is there. */
const FIRST_ACT = 0x40000110;
const LAST_ACT = 0x4000011f;

/** Response parameters of GetCapability. */
export function capability(
  tpm: Core,
  kind: number,
  property: number,
  count: number,
): { moreData: 0 | 1; capabilityData: TPMS_CAPABILITY_DATA } {
  const { permanent } = tpm.state;
  switch (kind) {
    case TPM_CAP.ALGS: {
      const { moreData, data } = page(ALGORITHMS, ([alg]) => alg, property & UINT16, count, 6);
      return { moreData, capabilityData: { capability: TPM_CAP.ALGS, data: data.map(([alg, algProperties]) => ({ alg, algProperties })) } };
    }
    case TPM_CAP.HANDLES: {
      const { moreData, data } = page(handleList(tpm, property), () => property, property, count, 4);
      return { moreData, capabilityData: { capability: TPM_CAP.HANDLES, data } };
    }
    case TPM_CAP.COMMANDS: {
      const { moreData, data } = page([...tpm.commands.values()].map(attributesOf), word => word & 0xffff, property, count, 4);
      return { moreData, capabilityData: { capability: TPM_CAP.COMMANDS, data } };
    }
    case TPM_CAP.PP_COMMANDS: {
      const { moreData, data } = page(
        [...permanent.physicalPresenceCommands].sort((x, y) => x - y),
        self,
        property,
        count,
        4,
      );
      return { moreData, capabilityData: { capability: TPM_CAP.PP_COMMANDS, data } };
    }
    case TPM_CAP.AUDIT_COMMANDS: {
      const { moreData, data } = page(
        [...permanent.auditCommands].sort((x, y) => x - y),
        self,
        property,
        count,
        4,
      );
      return { moreData, capabilityData: { capability: TPM_CAP.AUDIT_COMMANDS, data } };
    }
    case TPM_CAP.PCRS: {
      if (property !== 0) refuse(inParameter(2, TPM_RC.VALUE));
      const data = HASHES.map(hash => ({ hash: hash.id, pcrSelect: permanent.pcrAllocated.get(hash.id) ?? new Uint8Array(3) }));
      // libtpms gives all banks or none.
      if (count === 0) return { moreData: 1, capabilityData: { capability: TPM_CAP.PCRS, data: [] } };
      return { moreData: 0, capabilityData: { capability: TPM_CAP.PCRS, data } };
    }
    case TPM_CAP.TPM_PROPERTIES: {
      // The groups of 0x100 are asked for one by one (libtpms: a list does not run on into the next group).
      const group = properties(tpm).filter(([tag]) => tag >>> 8 === Math.max(1, property >>> 8));
      const { moreData, data } = page(group, ([tag]) => tag, property, count, 8);
      return {
        moreData,
        capabilityData: { capability: TPM_CAP.TPM_PROPERTIES, data: data.map(([tag, value]) => ({ property: tag, value })) },
      };
    }
    case TPM_CAP.PCR_PROPERTIES: {
      const { moreData, data } = page(pcrProperties(tpm), ([tag]) => tag, property, count, 8);
      return {
        moreData,
        capabilityData: { capability: TPM_CAP.PCR_PROPERTIES, data: data.map(([tag, pcrSelect]) => ({ tag, pcrSelect })) },
      };
    }
    case TPM_CAP.ECC_CURVES: {
      const { moreData, data } = page(
        CURVES.map(curve => curve.id),
        self,
        property & UINT16,
        count,
        2,
      );
      return { moreData, capabilityData: { capability: TPM_CAP.ECC_CURVES, data } };
    }
    case TPM_CAP.AUTH_POLICIES: {
      if (handleType(property) !== TPM_HT.PERMANENT) refuse(inParameter(2, TPM_RC.VALUE));
      const { moreData, data } = page(PERMANENT_ENTITIES, self, property, count, 70);
      return {
        moreData,
        capabilityData: {
          capability: TPM_CAP.AUTH_POLICIES,
          data: data.map(handle => ({ handle, policyHash: hierarchyPolicy(tpm, handle) })),
        },
      };
    }
    case TPM_CAP.ACT:
      if (property < FIRST_ACT || property > LAST_ACT) refuse(inParameter(2, TPM_RC.VALUE));
      return { moreData: 0, capabilityData: { capability: TPM_CAP.ACT, data: [] } };
    default:
      return refuse(inParameter(1, TPM_RC.VALUE));
  }
}

/** TPMS_CAPABILITY_DATA in front of its first entry: capability and count. */
const LIST_HEAD = 8;
/** Lists of which PolicyCapability compares an entry. PCRs have none: they come all at once. */
const HAS_ENTRIES: readonly number[] = [
  TPM_CAP.ALGS,
  TPM_CAP.HANDLES,
  TPM_CAP.COMMANDS,
  TPM_CAP.PP_COMMANDS,
  TPM_CAP.AUDIT_COMMANDS,
  TPM_CAP.TPM_PROPERTIES,
  TPM_CAP.PCR_PROPERTIES,
  TPM_CAP.ECC_CURVES,
  TPM_CAP.AUTH_POLICIES,
];

/** What PolicyCapability compares: the entry of this number, as bytes; null when there is none. */
export function oneCapability(tpm: Core, kind: number, property: number): Uint8Array | null {
  if (!HAS_ENTRIES.includes(kind)) refuse(inParameter(4, TPM_RC.VALUE));
  if (kind === TPM_CAP.AUTH_POLICIES && handleType(property) !== TPM_HT.PERMANENT) refuse(inParameter(5, TPM_RC.VALUE));
  if (kind === TPM_CAP.HANDLES && !HANDLE_TYPES.includes(handleType(property))) refuse(inParameter(5, TPM_RC.HANDLE));
  const { capabilityData } = capability(tpm, kind, property, 1);
  if (capabilityData.data.length === 0) return null;
  const entry = encode(TPMS_CAPABILITY_DATA, capabilityData).slice(LIST_HEAD);
  const first = kind === TPM_CAP.ALGS || kind === TPM_CAP.ECC_CURVES ? u16(property & UINT16) : u32(property);
  // A list goes on with what comes after an entry that is not there. TPMA_CC has the command's number behind its attributes.
  const found = kind === TPM_CAP.COMMANDS ? entry.subarray(2) : entry.subarray(0, first.length);
  return sameBytes(found, kind === TPM_CAP.COMMANDS ? u16(property & UINT16) : first) ? entry : null;
}
