import { TPM_ALG, TPMA_OBJECT, type TPMT_PUBLIC } from '../../tpm/wire/index.ts';
import type { WrappingKeyPolicies } from './policies.ts';

/** Handles of the wrapping key and its parent, in the platform's range (skiboot libstb/tss2/opalcreate.c). */
export const PARENT_HANDLE = 0x8180_0000;
export const WRAPPING_KEY_HANDLE = 0x8180_0001;

const EMPTY = new Uint8Array(0);
const A = TPMA_OBJECT.bit;
const RSA_2048 = { keyBits: 2048, exponent: 0 } as const;

/** The restricted parent, a primary key of the platform hierarchy (docs/reference/pef.md#wrapping-key): attributes 0x30472. */
export const PARENT_TEMPLATE: TPMT_PUBLIC = {
  type: TPM_ALG.RSA,
  nameAlg: TPM_ALG.SHA256,
  objectAttributes: A.fixedTPM | A.fixedParent | A.sensitiveDataOrigin | A.userWithAuth | A.noDA | A.restricted | A.decrypt,
  authPolicy: EMPTY,
  parameters: { symmetric: { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB }, scheme: { scheme: TPM_ALG.NULL }, ...RSA_2048 },
  unique: EMPTY,
};

/** The wrapping key (docs/reference/pef.md#wrapping-key): attributes 0x20C20. `unique`: its modulus, when the key comes from outside. */
export const wrappingKeyTemplate = (policies: WrappingKeyPolicies, unique: Uint8Array = EMPTY): TPMT_PUBLIC => ({
  type: TPM_ALG.RSA,
  nameAlg: TPM_ALG.SHA256,
  objectAttributes: A.sensitiveDataOrigin | A.noDA | A.encryptedDuplication | A.decrypt,
  authPolicy: policies.or,
  parameters: { symmetric: { algorithm: TPM_ALG.NULL }, scheme: { scheme: TPM_ALG.OAEP, hashAlg: TPM_ALG.SHA256 }, ...RSA_2048 },
  unique,
});
