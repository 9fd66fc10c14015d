import { bits, UINT8, UINT32 } from '../../bytes/index.ts';

// Part 2 §8: attribute structures. Bits without a name are reserved and refused (TPM_RC_RESERVED_BITS).

/** Part 2 §8.2. */
export const TPMA_ALGORITHM = bits(
  'TPMA_ALGORITHM',
  UINT32,
  {
    asymmetric: 0x1,
    symmetric: 0x2,
    hash: 0x4,
    object: 0x8,
    signing: 0x100,
    encrypting: 0x200,
    method: 0x400,
  },
  { refuseReserved: true, spec: 'Part 2 §8.2' },
);

/** Part 2 §8.3. */
export const TPMA_OBJECT = bits(
  'TPMA_OBJECT',
  UINT32,
  {
    fixedTPM: 0x2,
    stClear: 0x4,
    fixedParent: 0x10,
    sensitiveDataOrigin: 0x20,
    userWithAuth: 0x40,
    adminWithPolicy: 0x80,
    /** Revision 1.83, as svnLimited. */
    firmwareLimited: 0x100,
    svnLimited: 0x200,
    noDA: 0x400,
    encryptedDuplication: 0x800,
    restricted: 0x10000,
    decrypt: 0x20000,
    sign: 0x40000,
    x509sign: 0x80000,
  },
  { refuseReserved: true, spec: 'Part 2 §8.3' },
);

/** Part 2 §8.4. */
export const TPMA_SESSION = bits(
  'TPMA_SESSION',
  UINT8,
  {
    continueSession: 0x01,
    auditExclusive: 0x02,
    auditReset: 0x04,
    decrypt: 0x20,
    encrypt: 0x40,
    audit: 0x80,
  },
  { refuseReserved: true, spec: 'Part 2 §8.4' },
);

/** Part 2 §8.5. The upper three bits name an extended locality together with the lower five: none is reserved. */
export const TPMA_LOCALITY = bits(
  'TPMA_LOCALITY',
  UINT8,
  {
    TPM_LOC_ZERO: 0x01,
    TPM_LOC_ONE: 0x02,
    TPM_LOC_TWO: 0x04,
    TPM_LOC_THREE: 0x08,
    TPM_LOC_FOUR: 0x10,
  },
  { spec: 'Part 2 §8.5' },
);

/** Part 2 §8.6. */
export const TPMA_PERMANENT = bits(
  'TPMA_PERMANENT',
  UINT32,
  {
    ownerAuthSet: 0x1,
    endorsementAuthSet: 0x2,
    lockoutAuthSet: 0x4,
    disableClear: 0x100,
    inLockout: 0x200,
    tpmGeneratedEPS: 0x400,
  },
  { spec: 'Part 2 §8.6' },
);

/** Part 2 §8.7. */
export const TPMA_STARTUP_CLEAR = bits(
  'TPMA_STARTUP_CLEAR',
  UINT32,
  {
    phEnable: 0x1,
    shEnable: 0x2,
    ehEnable: 0x4,
    phEnableNV: 0x8,
    orderly: 0x80000000,
  },
  { spec: 'Part 2 §8.7' },
);

/** Part 2 §8.8. */
export const TPMA_MEMORY = bits('TPMA_MEMORY', UINT32, { sharedRAM: 1, sharedNV: 2, objectCopiedToRam: 4 }, { spec: 'Part 2 §8.8' });

/** Part 2 §8.9: what GetCapability tells of a command. cHandles is a field of bits 25..27, not a flag. */
export const TPMA_CC = bits(
  'TPMA_CC',
  UINT32,
  {
    nv: 0x00400000,
    extensive: 0x00800000,
    flushed: 0x01000000,
    rHandle: 0x10000000,
    V: 0x20000000,
  },
  { spec: 'Part 2 §8.9' },
);

/** Part 2 §8.10. */
export const TPMA_MODES = bits('TPMA_MODES', UINT32, { FIPS_140_2: 1, FIPS_140_3: 2 }, { spec: 'Part 2 §8.10' });

/** Part 2 §13.4. The index type is the number in bits 4..7. */
export const TPMA_NV = bits(
  'TPMA_NV',
  UINT32,
  {
    PPWRITE: 0x1,
    OWNERWRITE: 0x2,
    AUTHWRITE: 0x4,
    POLICYWRITE: 0x8,
    NT_BIT_0: 0x10,
    NT_BIT_1: 0x20,
    NT_BIT_2: 0x40,
    NT_BIT_3: 0x80,
    POLICY_DELETE: 0x400,
    WRITELOCKED: 0x800,
    WRITEALL: 0x1000,
    WRITEDEFINE: 0x2000,
    WRITE_STCLEAR: 0x4000,
    GLOBALLOCK: 0x8000,
    PPREAD: 0x10000,
    OWNERREAD: 0x20000,
    AUTHREAD: 0x40000,
    POLICYREAD: 0x80000,
    NO_DA: 0x2000000,
    ORDERLY: 0x4000000,
    CLEAR_STCLEAR: 0x8000000,
    READLOCKED: 0x10000000,
    WRITTEN: 0x20000000,
    PLATFORMCREATE: 0x40000000,
    READ_STCLEAR: 0x80000000,
  },
  { refuseReserved: true, spec: 'Part 2 §13.4' },
);
export const nvType = (attributes: number): number => (attributes >>> 4) & 0xf;

/** Part 2 §8.12. */
export const TPMA_X509_KEY_USAGE = bits(
  'TPMA_X509_KEY_USAGE',
  UINT32,
  {
    decipherOnly: 0x800000,
    encipherOnly: 0x1000000,
    cRLSign: 0x2000000,
    keyCertSign: 0x4000000,
    keyAgreement: 0x8000000,
    dataEncipherment: 0x10000000,
    keyEncipherment: 0x20000000,
    nonrepudiation: 0x40000000,
    digitalSignature: 0x80000000,
  },
  { refuseReserved: true, spec: 'Part 2 §8.12' },
);

/** Part 2 §8.13. */
export const TPMA_ACT = bits('TPMA_ACT', UINT32, { signaled: 1, preserveSignaled: 2 }, { refuseReserved: true, spec: 'Part 2 §8.13' });

/** Whether all the given bits are set. */
export const has = (value: number, mask: number): boolean => (value & mask) >>> 0 === mask >>> 0;
