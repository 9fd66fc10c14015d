import { type Codec, hex, named, oneOf, type Reader, UINT8, UINT16, UINT32, type Writer } from '../../bytes/index.ts';
import { CIPHERS, CURVES, HASHES, RSA_KEY_BITS } from './algorithms.ts';
import {
  LATER_CAP,
  OTHER_ALG,
  OTHER_ECC,
  TPM_ALG,
  TPM_CAP,
  TPM_CC,
  TPM_CLOCK_ADJUST,
  TPM_ECC,
  TPM_EO,
  TPM_RH,
  TPM_SE,
  TPM_ST,
  TPM_SU,
} from './constants.ts';

// Part 2 §9: interface types. A wrong value is a fault with the name of the response code that the type asks for.

const pick = <T extends Readonly<Record<string, number>>>(names: T, wanted: readonly number[]): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(names).filter(([, value]) => wanted.includes(value)));
const ALL_ALGS = { ...TPM_ALG, ...OTHER_ALG };
const algs = (name: string, wanted: readonly number[], fault: string): Codec<number> =>
  oneOf(name, UINT16, pick(TPM_ALG, wanted), fault, ALL_ALGS);

/** A number that names one of these values where it is known, but is not refused: in responses and lists. */
export const TPM_ALG_ID = named('TPM_ALG_ID', UINT16, ALL_ALGS);
export const TPM_ECC_CURVE = named('TPM_ECC_CURVE', UINT16, { ...TPM_ECC, ...OTHER_ECC });
export const TPM_CC_CODE = named('TPM_CC', UINT32, TPM_CC);
export const TPM_ST_TAG = named('TPM_ST', UINT16, TPM_ST);
export const TPM_HANDLE = named(
  'TPM_HANDLE',
  UINT32,
  Object.fromEntries(Object.entries(TPM_RH).map(([key, value]) => [`TPM_RH_${key}`, value])),
);

export const TPMI_YES_NO = oneOf('TPMI_YES_NO', UINT8, { NO: 0, YES: 1 });
export const TPMI_ST_COMMAND_TAG = oneOf('TPMI_ST_COMMAND_TAG', UINT16, { NO_SESSIONS: TPM_ST.NO_SESSIONS, SESSIONS: TPM_ST.SESSIONS });
export const TPM_SU_TYPE = oneOf('TPM_SU', UINT16, TPM_SU);
export const TPM_SE_TYPE = oneOf('TPM_SE', UINT8, TPM_SE);
export const TPM_EO_TYPE = oneOf('TPM_EO', UINT16, TPM_EO);
export const TPM_CAP_TYPE = oneOf('TPM_CAP', UINT32, TPM_CAP, 'value', LATER_CAP);
export const TPM_CLOCK_ADJUST_TYPE = oneOf('TPM_CLOCK_ADJUST', UINT8, TPM_CLOCK_ADJUST);

const hashIds = HASHES.map(hash => hash.id);
export const TPMI_ALG_HASH = algs('TPMI_ALG_HASH', hashIds, 'hash');
export const TPMI_ALG_HASH_NULL = algs('TPMI_ALG_HASH+', [...hashIds, TPM_ALG.NULL], 'hash');

const cipherIds = CIPHERS.map(cipher => cipher.id);
export const TPMI_ALG_SYM_OBJECT = algs('TPMI_ALG_SYM_OBJECT', [...cipherIds, TPM_ALG.NULL], 'symmetric');
export const TPMI_ALG_SYM_CIPHER = algs('TPMI_ALG_SYM_OBJECT', cipherIds, 'symmetric');
export const TPMI_ALG_SYM = algs('TPMI_ALG_SYM', [...cipherIds, TPM_ALG.XOR, TPM_ALG.NULL], 'symmetric');
const cipherModes = [TPM_ALG.CTR, TPM_ALG.OFB, TPM_ALG.CBC, TPM_ALG.CFB, TPM_ALG.ECB];
export const TPMI_ALG_SYM_MODE = algs('TPMI_ALG_SYM_MODE', [TPM_ALG.CMAC, ...cipherModes], 'mode');
export const TPMI_ALG_SYM_MODE_NULL = algs('TPMI_ALG_SYM_MODE+', [TPM_ALG.CMAC, ...cipherModes, TPM_ALG.NULL], 'mode');
export const TPMI_ALG_CIPHER_MODE_NULL = algs('TPMI_ALG_CIPHER_MODE+', [...cipherModes, TPM_ALG.NULL], 'mode');
export const TPMI_ALG_MAC_SCHEME_NULL = algs('TPMI_ALG_MAC_SCHEME+', [TPM_ALG.CMAC, ...hashIds, TPM_ALG.NULL], 'symmetric');

const kdfs = [TPM_ALG.MGF1, TPM_ALG.KDF1_SP800_56A, TPM_ALG.KDF2, TPM_ALG.KDF1_SP800_108];
export const TPMI_ALG_KDF = algs('TPMI_ALG_KDF', [...kdfs, TPM_ALG.NULL], 'kdf');
const rsaSigning = [TPM_ALG.RSASSA, TPM_ALG.RSAPSS];
const eccSigning = [TPM_ALG.ECDSA, TPM_ALG.ECDAA, TPM_ALG.SM2, TPM_ALG.ECSCHNORR];
export const TPMI_ALG_SIG_SCHEME = algs('TPMI_ALG_SIG_SCHEME', [...rsaSigning, ...eccSigning, TPM_ALG.HMAC], 'scheme');
export const TPMI_ALG_SIG_SCHEME_NULL = algs('TPMI_ALG_SIG_SCHEME+', [...rsaSigning, ...eccSigning, TPM_ALG.HMAC, TPM_ALG.NULL], 'scheme');
export const TPMI_ALG_RSA_SCHEME = algs('TPMI_ALG_RSA_SCHEME', [...rsaSigning, TPM_ALG.RSAES, TPM_ALG.OAEP, TPM_ALG.NULL], 'value');
export const TPMI_ALG_RSA_DECRYPT = algs('TPMI_ALG_RSA_DECRYPT', [TPM_ALG.RSAES, TPM_ALG.OAEP, TPM_ALG.NULL], 'value');
const eccAgreement = [TPM_ALG.ECDH, TPM_ALG.ECMQV];
export const TPMI_ALG_ECC_SCHEME = algs('TPMI_ALG_ECC_SCHEME', [...eccSigning, ...eccAgreement, TPM_ALG.NULL], 'scheme');
export const TPMI_ECC_KEY_EXCHANGE = algs('TPMI_ECC_KEY_EXCHANGE', [...eccAgreement, TPM_ALG.SM2], 'scheme');
export const TPMI_ALG_KEYEDHASH_SCHEME = algs('TPMI_ALG_KEYEDHASH_SCHEME', [TPM_ALG.HMAC, TPM_ALG.XOR, TPM_ALG.NULL], 'value');
export const TPMI_ALG_PUBLIC = oneOf(
  'TPMI_ALG_PUBLIC',
  UINT16,
  { RSA: TPM_ALG.RSA, KEYEDHASH: TPM_ALG.KEYEDHASH, ECC: TPM_ALG.ECC, SYMCIPHER: TPM_ALG.SYMCIPHER },
  'type',
);
export const TPMI_ECC_CURVE = oneOf(
  'TPMI_ECC_CURVE',
  UINT16,
  pick(
    TPM_ECC,
    CURVES.map(curve => curve.id),
  ),
  'curve',
  { ...TPM_ECC, ...OTHER_ECC },
);
export const TPMI_RSA_KEY_BITS = oneOf(
  'TPMI_RSA_KEY_BITS',
  UINT16,
  Object.fromEntries(RSA_KEY_BITS.map(bits => [String(bits), bits])),
  'value',
  { '4096': 4096 },
);
export const keyBitsOf = (cipher: number): Codec<number> =>
  oneOf(
    `TPMI_${CIPHERS.find(({ id }) => id === cipher)?.name.toUpperCase()}_KEY_BITS`,
    UINT16,
    Object.fromEntries((CIPHERS.find(({ id }) => id === cipher)?.keyBits ?? []).map(bits => [String(bits), bits])),
  );

/** A handle of certain ranges. */
export interface HandleCodec extends Codec<number> {
  /** First and last handle of each range. */
  readonly ranges: readonly (readonly [number, number])[];
}

const PCRS: [number, number] = [0x00000000, 0x00000017];
const NV: [number, number] = [0x01000000, 0x01ffffff];
const HMAC_SESSION: [number, number] = [0x02000000, 0x02ffffff];
const POLICY_SESSION: [number, number] = [0x03000000, 0x03ffffff];
const TRANSIENT: [number, number] = [0x80000000, 0x80ffffff];
const PERSISTENT: [number, number] = [0x81000000, 0x81ffffff];
const { OWNER, NULL, PW, LOCKOUT, ENDORSEMENT, PLATFORM } = TPM_RH;

/**
 * Handles in ranges or one by one; another is fault `value`. How many slots and sessions there are is the TPM's limit, not the
 * type's: the dispatcher looks at that.
 */
function handles(name: string, ...allowed: readonly (number | [number, number])[]): HandleCodec {
  const ranges = allowed.map(item => (typeof item === 'number' ? ([item, item] as const) : item));
  return {
    name,
    ranges,
    shape: { kind: 'opaque' },
    write: UINT32.write,
    read(reader) {
      const offset = reader.offset;
      const handle = reader.u32();
      for (const [first, last] of ranges) if (handle >= first && handle <= last) return handle;
      reader.refuse('value', `${hex(handle, 8)} is no ${name}`, offset);
      return handle;
    },
    show: value => TPM_HANDLE.show?.(value) ?? hex(value, 8),
  };
}

export const TPMI_DH_OBJECT = handles('TPMI_DH_OBJECT', TRANSIENT, PERSISTENT);
export const TPMI_DH_OBJECT_NULL = handles('TPMI_DH_OBJECT+', TRANSIENT, PERSISTENT, NULL);
export const TPMI_DH_PARENT = handles('TPMI_DH_PARENT', TRANSIENT, PERSISTENT, OWNER, PLATFORM, ENDORSEMENT, NULL);
export const TPMI_DH_PERSISTENT = handles('TPMI_DH_PERSISTENT', PERSISTENT);
export const TPMI_DH_ENTITY = handles('TPMI_DH_ENTITY', OWNER, ENDORSEMENT, PLATFORM, LOCKOUT, TRANSIENT, PERSISTENT, NV, PCRS);
export const TPMI_DH_ENTITY_NULL = handles('TPMI_DH_ENTITY+', OWNER, ENDORSEMENT, PLATFORM, LOCKOUT, TRANSIENT, PERSISTENT, NV, PCRS, NULL);
export const TPMI_DH_PCR = handles('TPMI_DH_PCR', PCRS);
export const TPMI_DH_PCR_NULL = handles('TPMI_DH_PCR+', PCRS, NULL);
export const TPMI_SH_AUTH_SESSION = handles('TPMI_SH_AUTH_SESSION', HMAC_SESSION, POLICY_SESSION);
export const TPMI_SH_AUTH_SESSION_PW = handles('TPMI_SH_AUTH_SESSION+', HMAC_SESSION, POLICY_SESSION, PW);
export const TPMI_SH_HMAC = handles('TPMI_SH_HMAC', HMAC_SESSION);
export const TPMI_SH_POLICY = handles('TPMI_SH_POLICY', POLICY_SESSION);
export const TPMI_DH_CONTEXT = handles('TPMI_DH_CONTEXT', HMAC_SESSION, POLICY_SESSION, TRANSIENT);
export const TPMI_DH_SAVED = handles('TPMI_DH_SAVED', HMAC_SESSION, POLICY_SESSION, [0x80000000, 0x80000002]);
export const TPMI_RH_HIERARCHY = handles('TPMI_RH_HIERARCHY', OWNER, PLATFORM, ENDORSEMENT);
export const TPMI_RH_HIERARCHY_NULL = handles('TPMI_RH_HIERARCHY+', OWNER, PLATFORM, ENDORSEMENT, NULL);
export const TPMI_RH_ENABLES = handles('TPMI_RH_ENABLES', OWNER, PLATFORM, ENDORSEMENT, TPM_RH.PLATFORM_NV);
export const TPMI_RH_HIERARCHY_AUTH = handles('TPMI_RH_HIERARCHY_AUTH', OWNER, PLATFORM, ENDORSEMENT, LOCKOUT);
export const TPMI_RH_HIERARCHY_POLICY = handles('TPMI_RH_HIERARCHY_POLICY', OWNER, PLATFORM, ENDORSEMENT, LOCKOUT);
export const TPMI_RH_PLATFORM = handles('TPMI_RH_PLATFORM', PLATFORM);
export const TPMI_RH_OWNER_NULL = handles('TPMI_RH_OWNER+', OWNER, NULL);
export const TPMI_RH_ENDORSEMENT = handles('TPMI_RH_ENDORSEMENT', ENDORSEMENT);
export const TPMI_RH_ENDORSEMENT_NULL = handles('TPMI_RH_ENDORSEMENT+', ENDORSEMENT, NULL);
export const TPMI_RH_PROVISION = handles('TPMI_RH_PROVISION', OWNER, PLATFORM);
export const TPMI_RH_CLEAR = handles('TPMI_RH_CLEAR', LOCKOUT, PLATFORM);
export const TPMI_RH_NV_AUTH = handles('TPMI_RH_NV_AUTH', OWNER, PLATFORM, NV);
export const TPMI_RH_LOCKOUT = handles('TPMI_RH_LOCKOUT', LOCKOUT);
export const TPMI_RH_NV_INDEX = handles('TPMI_RH_NV_INDEX', NV);

/** Seconds until the authorization ends; negative asks for a ticket too. */
export const INT32: Codec<number> = {
  name: 'INT32',
  shape: { kind: 'uint', bytes: 4 },
  write: (writer: Writer, value: number) => writer.u32(value >>> 0),
  read: (reader: Reader) => reader.u32() | 0,
  show: (value: number) => String(value),
};
