import { named, struct, tagged, UINT16 } from '../../bytes/index.ts';
import { TPM2B_ECC_PARAMETER, TPM2B_PUBLIC_KEY_RSA, TPMT_HA } from './buffers.ts';
import { OTHER_ALG, TPM_ALG } from './constants.ts';
import {
  keyBitsOf,
  TPM_ALG_ID,
  TPMI_ALG_CIPHER_MODE_NULL,
  TPMI_ALG_ECC_SCHEME,
  TPMI_ALG_HASH,
  TPMI_ALG_KDF,
  TPMI_ALG_KEYEDHASH_SCHEME,
  TPMI_ALG_RSA_DECRYPT,
  TPMI_ALG_RSA_SCHEME,
  TPMI_ALG_SIG_SCHEME,
  TPMI_ALG_SIG_SCHEME_NULL,
  TPMI_ALG_SYM,
  TPMI_ALG_SYM_CIPHER,
  TPMI_ALG_SYM_MODE_NULL,
  TPMI_ALG_SYM_OBJECT,
} from './interface-types.ts';

// Part 2 §11.1 to §11.3: symmetric definitions, schemes, signatures. A union's fields stand beside its selector, under the
// names of Part 2 (`hashAlg` for TPMS_SCHEME_HASH).

const cipher = (id: number) => ({ keyBits: keyBitsOf(id), mode: TPMI_ALG_SYM_MODE_NULL });
const elsewhere = { [TPM_ALG.SM4]: { keyBits: named('TPMI_SM4_KEY_BITS', UINT16), mode: TPMI_ALG_SYM_MODE_NULL } };
const ciphers = {
  [TPM_ALG.TDES]: cipher(TPM_ALG.TDES),
  [TPM_ALG.AES]: cipher(TPM_ALG.AES),
  [TPM_ALG.CAMELLIA]: cipher(TPM_ALG.CAMELLIA),
} as const;

/** Part 2 §11.1.6. For XOR, keyBits is the hash of the mask (TPMU_SYM_KEY_BITS.xor). */
export const TPMT_SYM_DEF = tagged(
  'TPMT_SYM_DEF',
  'Part 2 §11.1.6',
  { algorithm: TPMI_ALG_SYM },
  'algorithm',
  {
    ...ciphers,
    [TPM_ALG.XOR]: { keyBits: TPMI_ALG_HASH },
    [TPM_ALG.NULL]: {},
  },
  { elsewhere },
);
/** Part 2 §11.1.7. */
export const TPMT_SYM_DEF_OBJECT = tagged(
  'TPMT_SYM_DEF_OBJECT',
  'Part 2 §11.1.7',
  { algorithm: TPMI_ALG_SYM_OBJECT },
  'algorithm',
  {
    ...ciphers,
    [TPM_ALG.NULL]: {},
  },
  { elsewhere },
);
/** TPMT_SYM_DEF_OBJECT of a symmetric object: it must have a cipher. */
export const TPMT_SYM_DEF_CIPHER = tagged(
  'TPMT_SYM_DEF_OBJECT',
  'Part 2 §11.1.7',
  { algorithm: TPMI_ALG_SYM_CIPHER },
  'algorithm',
  ciphers,
  { elsewhere },
);

const hash = { hashAlg: TPMI_ALG_HASH };

/** Part 2 §11.2.3.3. */
export const TPMT_KDF_SCHEME = tagged('TPMT_KDF_SCHEME', 'Part 2 §11.2.3.3', { scheme: TPMI_ALG_KDF }, 'scheme', {
  [TPM_ALG.MGF1]: hash,
  [TPM_ALG.KDF1_SP800_56A]: hash,
  [TPM_ALG.KDF2]: hash,
  [TPM_ALG.KDF1_SP800_108]: hash,
  [TPM_ALG.NULL]: {},
});
const anyHash = { hashAlg: TPM_ALG_ID };
/** TPMT_KDF_SCHEME of a curve: its hash may be one that this TPM does not have. */
export const TPMT_KDF_SCHEME_ANY = tagged('TPMT_KDF_SCHEME', 'Part 2 §11.2.3.3', { scheme: TPMI_ALG_KDF }, 'scheme', {
  [TPM_ALG.MGF1]: anyHash,
  [TPM_ALG.KDF1_SP800_56A]: anyHash,
  [TPM_ALG.KDF2]: anyHash,
  [TPM_ALG.KDF1_SP800_108]: anyHash,
  [TPM_ALG.NULL]: {},
});
/** Part 2 §11.1.23. */
export const TPMT_KEYEDHASH_SCHEME = tagged('TPMT_KEYEDHASH_SCHEME', 'Part 2 §11.1.23', { scheme: TPMI_ALG_KEYEDHASH_SCHEME }, 'scheme', {
  [TPM_ALG.HMAC]: hash,
  [TPM_ALG.XOR]: { hashAlg: TPMI_ALG_HASH, kdf: TPMI_ALG_KDF },
  [TPM_ALG.NULL]: {},
});

const rsaSigning = { [TPM_ALG.RSASSA]: hash, [TPM_ALG.RSAPSS]: hash } as const;
const eccSigning = {
  [TPM_ALG.ECDSA]: hash,
  [TPM_ALG.ECDAA]: { hashAlg: TPMI_ALG_HASH, count: UINT16 },
  [TPM_ALG.SM2]: hash,
  [TPM_ALG.ECSCHNORR]: hash,
} as const;

/** Revision 1.83, Part 2 §11.2.1. */
const otherSigning = { [OTHER_ALG.EDDSA]: hash, [OTHER_ALG.EDDSA_PH]: hash };

/** Part 2 §11.2.1.5. */
export const TPMT_SIG_SCHEME = tagged(
  'TPMT_SIG_SCHEME',
  'Part 2 §11.2.1.5',
  { scheme: TPMI_ALG_SIG_SCHEME_NULL },
  'scheme',
  {
    ...rsaSigning,
    ...eccSigning,
    [TPM_ALG.HMAC]: hash,
    [TPM_ALG.NULL]: {},
  },
  { elsewhere: otherSigning },
);
/** Part 2 §11.2.4.2. */
export const TPMT_RSA_SCHEME = tagged('TPMT_RSA_SCHEME', 'Part 2 §11.2.4.2', { scheme: TPMI_ALG_RSA_SCHEME }, 'scheme', {
  ...rsaSigning,
  [TPM_ALG.RSAES]: {},
  [TPM_ALG.OAEP]: hash,
  [TPM_ALG.NULL]: {},
});
/** Part 2 §11.2.4.4. */
export const TPMT_RSA_DECRYPT = tagged('TPMT_RSA_DECRYPT', 'Part 2 §11.2.4.4', { scheme: TPMI_ALG_RSA_DECRYPT }, 'scheme', {
  [TPM_ALG.RSAES]: {},
  [TPM_ALG.OAEP]: hash,
  [TPM_ALG.NULL]: {},
});
/** Part 2 §11.2.5.6. */
export const TPMT_ECC_SCHEME = tagged(
  'TPMT_ECC_SCHEME',
  'Part 2 §11.2.5.6',
  { scheme: TPMI_ALG_ECC_SCHEME },
  'scheme',
  {
    ...eccSigning,
    [TPM_ALG.ECDH]: hash,
    [TPM_ALG.ECMQV]: hash,
    [TPM_ALG.NULL]: {},
  },
  { elsewhere: otherSigning },
);

const rsaSignature = { hash: TPMI_ALG_HASH, sig: TPM2B_PUBLIC_KEY_RSA };
const eccSignature = { hash: TPMI_ALG_HASH, signatureR: TPM2B_ECC_PARAMETER, signatureS: TPM2B_ECC_PARAMETER };

const signatures = {
  [TPM_ALG.RSASSA]: rsaSignature,
  [TPM_ALG.RSAPSS]: rsaSignature,
  [TPM_ALG.ECDSA]: eccSignature,
  [TPM_ALG.ECDAA]: eccSignature,
  [TPM_ALG.SM2]: eccSignature,
  [TPM_ALG.ECSCHNORR]: eccSignature,
  [TPM_ALG.HMAC]: { hmac: TPMT_HA },
} as const;
const otherSignatures = { [OTHER_ALG.EDDSA]: eccSignature, [OTHER_ALG.EDDSA_PH]: eccSignature };
/** Part 2 §11.3.4. */
export const TPMT_SIGNATURE = tagged('TPMT_SIGNATURE', 'Part 2 §11.3.4', { sigAlg: TPMI_ALG_SIG_SCHEME }, 'sigAlg', signatures, {
  elsewhere: otherSignatures,
});
/** TPMT_SIGNATURE where the TPM may answer with none. */
export const TPMT_SIGNATURE_NULL = tagged(
  'TPMT_SIGNATURE+',
  'Part 2 §11.3.4',
  { sigAlg: TPMI_ALG_SIG_SCHEME_NULL },
  'sigAlg',
  {
    ...signatures,
    [TPM_ALG.NULL]: {},
  },
  { elsewhere: otherSignatures },
);

/** The mode of EncryptDecrypt: TPM_ALG_NULL takes the key's. */
export { TPMI_ALG_CIPHER_MODE_NULL };
export const TPMS_EMPTY = struct('TPMS_EMPTY', 'Part 2 §10.1', {});
