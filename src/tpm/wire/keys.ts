import { sizedOf, sizedOrEmpty, struct, tagged, UINT16, UINT32, UINT64, type Value } from '../../bytes/index.ts';
import { TPMA_LOCALITY, TPMA_OBJECT } from './attributes.ts';
import {
  TPM2B_AUTH,
  TPM2B_CONTEXT_DATA,
  TPM2B_DATA,
  TPM2B_DIGEST,
  TPM2B_ECC_PARAMETER,
  TPM2B_LABEL,
  TPM2B_NAME,
  TPM2B_PRIVATE_KEY_RSA,
  TPM2B_PUBLIC_KEY_RSA,
  TPM2B_SENSITIVE_DATA,
  TPM2B_SYM_KEY,
  TPML_PCR_SELECTION,
} from './buffers.ts';
import { TPM_ALG } from './constants.ts';
import {
  TPM_ALG_ID,
  TPMI_ALG_HASH,
  TPMI_ALG_HASH_NULL,
  TPMI_ALG_PUBLIC,
  TPMI_DH_SAVED,
  TPMI_ECC_CURVE,
  TPMI_RH_HIERARCHY_NULL,
  TPMI_RSA_KEY_BITS,
} from './interface-types.ts';
import {
  TPMT_ECC_SCHEME,
  TPMT_KDF_SCHEME,
  TPMT_KDF_SCHEME_ANY,
  TPMT_KEYEDHASH_SCHEME,
  TPMT_RSA_SCHEME,
  TPMT_SYM_DEF_CIPHER,
  TPMT_SYM_DEF_OBJECT,
} from './schemes.ts';

// Part 2 §11.2, §12, §14, §15: objects, creation data, contexts.

export const TPMS_ECC_POINT = struct('TPMS_ECC_POINT', 'Part 2 §11.2.5.2', { x: TPM2B_ECC_PARAMETER, y: TPM2B_ECC_PARAMETER });
export type TPMS_ECC_POINT = Value<typeof TPMS_ECC_POINT>;
export const TPM2B_ECC_POINT = sizedOf('TPM2B_ECC_POINT', TPMS_ECC_POINT);

export const TPMS_ALGORITHM_DETAIL_ECC = struct('TPMS_ALGORITHM_DETAIL_ECC', 'Part 2 §11.2.5.7', {
  curveID: TPMI_ECC_CURVE,
  keySize: UINT16,
  kdf: TPMT_KDF_SCHEME_ANY,
  sign: TPMT_ECC_SCHEME,
  p: TPM2B_ECC_PARAMETER,
  a: TPM2B_ECC_PARAMETER,
  b: TPM2B_ECC_PARAMETER,
  gX: TPM2B_ECC_PARAMETER,
  gY: TPM2B_ECC_PARAMETER,
  n: TPM2B_ECC_PARAMETER,
  h: TPM2B_ECC_PARAMETER,
});

export const TPMS_RSA_PARMS = struct('TPMS_RSA_PARMS', 'Part 2 §12.2.3.5', {
  symmetric: TPMT_SYM_DEF_OBJECT,
  scheme: TPMT_RSA_SCHEME,
  keyBits: TPMI_RSA_KEY_BITS,
  exponent: UINT32, // 0 means 65537
});
export const TPMS_ECC_PARMS = struct('TPMS_ECC_PARMS', 'Part 2 §12.2.3.6', {
  symmetric: TPMT_SYM_DEF_OBJECT,
  scheme: TPMT_ECC_SCHEME,
  curveID: TPMI_ECC_CURVE,
  kdf: TPMT_KDF_SCHEME,
});
export const TPMS_SYMCIPHER_PARMS = struct('TPMS_SYMCIPHER_PARMS', 'Part 2 §11.1.9', { sym: TPMT_SYM_DEF_CIPHER });
export const TPMS_KEYEDHASH_PARMS = struct('TPMS_KEYEDHASH_PARMS', 'Part 2 §12.2.3.3', { scheme: TPMT_KEYEDHASH_SCHEME });

const parameters = {
  [TPM_ALG.RSA]: { parameters: TPMS_RSA_PARMS },
  [TPM_ALG.ECC]: { parameters: TPMS_ECC_PARMS },
  [TPM_ALG.KEYEDHASH]: { parameters: TPMS_KEYEDHASH_PARMS },
  [TPM_ALG.SYMCIPHER]: { parameters: TPMS_SYMCIPHER_PARMS },
} as const;
/** Part 2 §12.2.3.8: parameters without a key, for TestParms. */
export const TPMT_PUBLIC_PARMS = tagged('TPMT_PUBLIC_PARMS', 'Part 2 §12.2.3.8', { type: TPMI_ALG_PUBLIC }, 'type', parameters);

const publicVariants = {
  [TPM_ALG.RSA]: { parameters: TPMS_RSA_PARMS, unique: TPM2B_PUBLIC_KEY_RSA },
  [TPM_ALG.ECC]: { parameters: TPMS_ECC_PARMS, unique: TPMS_ECC_POINT },
  [TPM_ALG.KEYEDHASH]: { parameters: TPMS_KEYEDHASH_PARMS, unique: TPM2B_DIGEST },
  [TPM_ALG.SYMCIPHER]: { parameters: TPMS_SYMCIPHER_PARMS, unique: TPM2B_DIGEST },
} as const;
const publicHead = { objectAttributes: TPMA_OBJECT, authPolicy: TPM2B_DIGEST };

/** Part 2 §12.2.4. */
export const TPMT_PUBLIC = tagged(
  'TPMT_PUBLIC',
  'Part 2 §12.2.4',
  { type: TPMI_ALG_PUBLIC, nameAlg: TPMI_ALG_HASH, ...publicHead },
  'type',
  publicVariants,
);
/** The same with nameAlg TPM_ALG_NULL allowed: LoadExternal takes objects without a Name. */
export const TPMT_PUBLIC_NULL = tagged(
  'TPMT_PUBLIC+',
  'Part 2 §12.2.4',
  { type: TPMI_ALG_PUBLIC, nameAlg: TPMI_ALG_HASH_NULL, ...publicHead },
  'type',
  publicVariants,
);
export type TPMT_PUBLIC = Value<typeof TPMT_PUBLIC>;
export type RsaPublic = Extract<TPMT_PUBLIC, { type: typeof TPM_ALG.RSA }>;
export type EccPublic = Extract<TPMT_PUBLIC, { type: typeof TPM_ALG.ECC }>;
export const TPM2B_PUBLIC = sizedOf('TPM2B_PUBLIC', TPMT_PUBLIC);
export const TPM2B_PUBLIC_NULL = sizedOf('TPM2B_PUBLIC+', TPMT_PUBLIC_NULL);

/** Part 2 §12.3.2.4. */
export const TPMT_SENSITIVE = tagged(
  'TPMT_SENSITIVE',
  'Part 2 §12.3.2.4',
  { sensitiveType: TPMI_ALG_PUBLIC, authValue: TPM2B_AUTH, seedValue: TPM2B_DIGEST },
  'sensitiveType',
  {
    [TPM_ALG.RSA]: { sensitive: TPM2B_PRIVATE_KEY_RSA }, // one prime
    [TPM_ALG.ECC]: { sensitive: TPM2B_ECC_PARAMETER },
    [TPM_ALG.KEYEDHASH]: { sensitive: TPM2B_SENSITIVE_DATA },
    [TPM_ALG.SYMCIPHER]: { sensitive: TPM2B_SYM_KEY },
  },
);
export type TPMT_SENSITIVE = Value<typeof TPMT_SENSITIVE>;
export const TPM2B_SENSITIVE = sizedOf('TPM2B_SENSITIVE', TPMT_SENSITIVE);
/** LoadExternal: no sensitive area at all is size 0. */
export const TPM2B_SENSITIVE_EMPTY = sizedOrEmpty('TPM2B_SENSITIVE', TPMT_SENSITIVE);

export const TPMS_SENSITIVE_CREATE = struct('TPMS_SENSITIVE_CREATE', 'Part 2 §11.1.15', {
  userAuth: TPM2B_AUTH,
  data: TPM2B_SENSITIVE_DATA,
});
export const TPM2B_SENSITIVE_CREATE = sizedOf('TPM2B_SENSITIVE_CREATE', TPMS_SENSITIVE_CREATE);

/** Part 2 §15.1. The locality is a bit set. */
export const TPMS_CREATION_DATA = struct('TPMS_CREATION_DATA', 'Part 2 §15.1', {
  pcrSelect: TPML_PCR_SELECTION,
  pcrDigest: TPM2B_DIGEST,
  locality: TPMA_LOCALITY,
  parentNameAlg: TPM_ALG_ID,
  parentName: TPM2B_NAME,
  parentQualifiedName: TPM2B_NAME,
  outsideInfo: TPM2B_DATA,
});
export const TPM2B_CREATION_DATA = sizedOf('TPM2B_CREATION_DATA', TPMS_CREATION_DATA);

export const TPMS_ID_OBJECT = struct('TPMS_ID_OBJECT', 'Part 2 §12.4.2', { integrityHMAC: TPM2B_DIGEST, encIdentity: TPM2B_DIGEST });

/** Part 2 §14.6. */
export const TPMS_CONTEXT = struct('TPMS_CONTEXT', 'Part 2 §14.6', {
  sequence: UINT64,
  savedHandle: TPMI_DH_SAVED,
  hierarchy: TPMI_RH_HIERARCHY_NULL,
  contextBlob: TPM2B_CONTEXT_DATA,
});
export type TPMS_CONTEXT = Value<typeof TPMS_CONTEXT>;

/** Part 2 §11.1.11: what CreateLoaded derives a key from. */
export const TPMS_DERIVE = struct('TPMS_DERIVE', 'Part 2 §11.1.11', { label: TPM2B_LABEL, context: TPM2B_LABEL });
