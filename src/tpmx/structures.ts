import { sizedOf, sizedOrEmpty, struct, tagged, UINT16, UINT32, UINT64, UINT8, list } from '../bytes/index.ts';
import { TPMA_OBJECT } from '../tpm/wire/attributes.ts';
import * as B from '../tpm/wire/buffers.ts';
import { TPM_ALG } from '../tpm/wire/constants.ts';
import * as I from '../tpm/wire/interface-types.ts';
export const TPMT_SYM_DEF = tagged('TPMT_SYM_DEF', 'Part 2 §11.1.6', { algorithm: I.TPMI_ALG_SYM }, 'algorithm', {
  [TPM_ALG.AES]: { keyBits: I.keyBitsOf(TPM_ALG.AES), mode: I.TPMI_ALG_SYM_MODE },
  [TPM_ALG.XOR]: { hash: I.TPMI_ALG_HASH },
  [TPM_ALG.NULL]: {},
});
export const TPMT_SYM_DEF_OBJECT = tagged('TPMT_SYM_DEF_OBJECT', 'Part 2 §11.1.7', { algorithm: I.TPMI_ALG_SYM_OBJECT }, 'algorithm', {
  [TPM_ALG.AES]: { keyBits: I.keyBitsOf(TPM_ALG.AES), mode: I.TPMI_ALG_SYM_MODE },
  [TPM_ALG.NULL]: {},
});
const hash = { hashAlg: I.TPMI_ALG_HASH };
export const TPMT_RSA_SCHEME = tagged('TPMT_RSA_SCHEME', 'Part 2 §11.2.4.2', { scheme: I.TPMI_ALG_RSA_SCHEME }, 'scheme', {
  [TPM_ALG.RSASSA]: hash, [TPM_ALG.RSAPSS]: hash, [TPM_ALG.OAEP]: hash, [TPM_ALG.RSAES]: {}, [TPM_ALG.NULL]: {},
});
export const TPMT_RSA_DECRYPT = tagged('TPMT_RSA_DECRYPT', 'Part 2 §11.2.4.4', { scheme: I.TPMI_ALG_RSA_DECRYPT }, 'scheme', {
  [TPM_ALG.OAEP]: hash, [TPM_ALG.RSAES]: {}, [TPM_ALG.NULL]: {},
});
export const TPMS_RSA_PARMS = struct('TPMS_RSA_PARMS', 'Part 2 §12.2.3.5', {
  symmetric: TPMT_SYM_DEF_OBJECT, scheme: TPMT_RSA_SCHEME, keyBits: I.TPMI_RSA_KEY_BITS, exponent: UINT32,
});
export const TPMT_KEYEDHASH_SCHEME = tagged('TPMT_KEYEDHASH_SCHEME', 'Part 2 §11.1.23', { scheme: I.TPMI_ALG_KEYEDHASH_SCHEME }, 'scheme', {
  [TPM_ALG.HMAC]: hash, [TPM_ALG.XOR]: { hashAlg: I.TPMI_ALG_HASH, kdf: I.TPMI_ALG_KDF }, [TPM_ALG.NULL]: {},
});
export const TPMT_PUBLIC = tagged('TPMT_PUBLIC', 'Part 2 §12.2.4', {
  type: I.TPMI_ALG_PUBLIC, nameAlg: I.TPMI_ALG_HASH_NULL, objectAttributes: TPMA_OBJECT, authPolicy: B.TPM2B_DIGEST,
}, 'type', {
  [TPM_ALG.RSA]: { parameters: TPMS_RSA_PARMS, unique: B.TPM2B_PUBLIC_KEY_RSA },
  [TPM_ALG.KEYEDHASH]: { parameters: TPMT_KEYEDHASH_SCHEME, unique: B.TPM2B_DIGEST },
});
export const TPM2B_PUBLIC = sizedOf('TPM2B_PUBLIC', TPMT_PUBLIC);
export const TPMS_SENSITIVE_CREATE = struct('TPMS_SENSITIVE_CREATE', 'Part 2 §11.1.15', { userAuth: B.TPM2B_AUTH, data: B.TPM2B_SENSITIVE_DATA });
export const TPM2B_SENSITIVE_CREATE = sizedOf('TPM2B_SENSITIVE_CREATE', TPMS_SENSITIVE_CREATE);
export const TPMS_CONTEXT = struct('TPMS_CONTEXT', 'Part 2 §14.5', { sequence: UINT64, savedHandle: I.TPMI_DH_SAVED, hierarchy: I.TPMI_RH_HIERARCHY_NULL, contextBlob: B.TPM2B_CONTEXT_DATA });
void sizedOrEmpty; void UINT16; void UINT8; void list;
