import { encode, sameBytes } from '../../../bytes/index.ts';
import { refuse } from '../../refusal.ts';
import { digestBytes, has, TPM_ALG, TPM_RC, TPMA_OBJECT, type TPMT_PUBLIC, TPMT_SYM_DEF_OBJECT } from '../../wire/index.ts';
import type { KeyObject } from '../state.ts';
import { isDerivationParent } from './objects.ts';

// Part 1 §25, Part 2 §8.3, Part 4 Object_spt.c: what public areas must be. Codes without a number: the caller knows the parameter.

const A = TPMA_OBJECT.bit;
const KEY_TYPES_OF_SIGN_SCHEMES: Readonly<Record<number, readonly number[]>> = {
  [TPM_ALG.RSA]: [TPM_ALG.RSASSA, TPM_ALG.RSAPSS],
  [TPM_ALG.ECC]: [TPM_ALG.ECDSA, TPM_ALG.ECDAA, TPM_ALG.SM2, TPM_ALG.ECSCHNORR],
};
export const isAsymSignScheme = (type: number, scheme: number): boolean => KEY_TYPES_OF_SIGN_SCHEMES[type]?.includes(scheme) ?? false;
const DECRYPT_SCHEMES: Readonly<Record<number, readonly number[]>> = {
  [TPM_ALG.RSA]: [TPM_ALG.RSAES, TPM_ALG.OAEP],
  [TPM_ALG.ECC]: [TPM_ALG.ECDH, TPM_ALG.SM2, TPM_ALG.ECMQV],
};

/** Checks of creation, then those that loading makes too (CreateChecks). `parent` is null for primary objects. */
export function checkCreation(parent: KeyObject | null, publicArea: TPMT_PUBLIC, dataBytes: number): void {
  const set = (bit: number) => has(publicArea.objectAttributes, bit);
  // Who says that the caller gives the data must give some.
  if (!set(A.sensitiveDataOrigin) && dataBytes === 0) refuse(TPM_RC.ATTRIBUTES);
  // Data may be given with sensitiveDataOrigin to primary objects only: there it goes into the derivation.
  if (parent && set(A.sensitiveDataOrigin) && dataBytes !== 0) refuse(TPM_RC.ATTRIBUTES);
  const symmetricParent = set(A.restricted) && !set(A.sensitiveDataOrigin) && (set(A.fixedParent) || set(A.fixedTPM));
  switch (publicArea.type) {
    case TPM_ALG.KEYEDHASH:
      // The TPM invents keys, not data to seal.
      if (!set(A.sign) && !set(A.decrypt) && set(A.sensitiveDataOrigin)) refuse(TPM_RC.ATTRIBUTES);
      if (symmetricParent) refuse(TPM_RC.ATTRIBUTES);
      break;
    case TPM_ALG.SYMCIPHER:
      if (symmetricParent) refuse(TPM_RC.ATTRIBUTES);
      break;
    default:
      if (!set(A.sensitiveDataOrigin)) refuse(TPM_RC.ATTRIBUTES);
  }
  checkAttributes(parent, publicArea);
}

/** PublicAttributesValidation: attributes against each other and against the parent's. */
export function checkAttributes(parent: KeyObject | null, publicArea: TPMT_PUBLIC): void {
  const set = (bit: number) => has(publicArea.objectAttributes, bit);
  const parentHas = (bit: number) => parent !== null && has(parent.publicArea.objectAttributes, bit);
  if (publicArea.nameAlg === TPM_ALG.NULL) refuse(TPM_RC.HASH);
  const policyBytes = publicArea.authPolicy.length;
  if (policyBytes !== 0 && policyBytes !== digestBytes(publicArea.nameAlg)) refuse(TPM_RC.SIZE);
  if (!parent || parentHas(A.fixedTPM)) {
    if (set(A.fixedParent) !== set(A.fixedTPM)) refuse(TPM_RC.ATTRIBUTES);
  } else if (set(A.fixedTPM)) refuse(TPM_RC.ATTRIBUTES);
  // A key is for one thing or for both, but a restricted one is either a parent or signs.
  if (set(A.restricted) && set(A.sign) === set(A.decrypt)) refuse(TPM_RC.ATTRIBUTES);
  // Only data is for nothing.
  if (publicArea.type !== TPM_ALG.KEYEDHASH && !set(A.sign) && !set(A.decrypt)) refuse(TPM_RC.ATTRIBUTES);
  if (set(A.fixedTPM) && set(A.encryptedDuplication)) refuse(TPM_RC.ATTRIBUTES);
  // Below a parent that may leave the TPM, all leave it under the same protection.
  if (parent && !parentHas(A.fixedTPM) && set(A.encryptedDuplication) !== parentHas(A.encryptedDuplication)) refuse(TPM_RC.ATTRIBUTES);
  // Nothing here is limited to a version of the firmware.
  if (set(A.firmwareLimited) || set(A.svnLimited)) refuse(TPM_RC.ATTRIBUTES);
  if (parent && isDerivationParent(parent) && (set(A.fixedTPM) !== parentHas(A.fixedTPM) || !set(A.fixedParent))) refuse(TPM_RC.ATTRIBUTES);
  checkSchemes(parent, publicArea);
}

/** SchemeChecks: algorithms against the use. */
export function checkSchemes(parent: KeyObject | null, publicArea: TPMT_PUBLIC): void {
  const set = (bit: number) => has(publicArea.objectAttributes, bit);
  switch (publicArea.type) {
    case TPM_ALG.SYMCIPHER: {
      const { sym } = publicArea.parameters;
      if (set(A.decrypt) && sym.mode === TPM_ALG.CMAC) refuse(TPM_RC.SCHEME);
      break;
    }
    case TPM_ALG.KEYEDHASH:
      checkKeyedHashScheme(publicArea);
      return; // no symmetric algorithms: it is no storage parent
    default:
      checkAsymmetricScheme(publicArea);
  }
  if (set(A.restricted) && set(A.decrypt)) checkParentSymmetric(parent, publicArea);
}

function checkKeyedHashScheme(publicArea: Extract<TPMT_PUBLIC, { type: typeof TPM_ALG.KEYEDHASH }>): void {
  const set = (bit: number) => has(publicArea.objectAttributes, bit);
  const { scheme } = publicArea.parameters;
  if (set(A.sign) === set(A.decrypt)) {
    if (scheme.scheme !== TPM_ALG.NULL) refuse(TPM_RC.SCHEME);
  } else if (set(A.sign)) {
    if (scheme.scheme !== TPM_ALG.HMAC) refuse(TPM_RC.SCHEME);
  } else {
    if (scheme.scheme !== TPM_ALG.XOR) refuse(TPM_RC.SCHEME);
    if (set(A.restricted) && scheme.kdf !== TPM_ALG.KDF1_SP800_108) refuse(TPM_RC.SCHEME);
    if (set(A.restricted) && digestBytes(scheme.hashAlg) === 0) refuse(TPM_RC.HASH);
  }
}

function checkAsymmetricScheme(publicArea: Extract<TPMT_PUBLIC, { type: typeof TPM_ALG.RSA | typeof TPM_ALG.ECC }>): void {
  const set = (bit: number) => has(publicArea.objectAttributes, bit);
  const { scheme } = publicArea.parameters.scheme;
  const none = scheme === TPM_ALG.NULL;
  if (set(A.sign) === set(A.decrypt)) {
    if (!none) refuse(TPM_RC.SCHEME);
  } else if (set(A.sign)) {
    if (!isAsymSignScheme(publicArea.type, scheme) && (set(A.restricted) || !none)) refuse(TPM_RC.SCHEME);
  } else if (set(A.restricted)) {
    if (!none) refuse(TPM_RC.SCHEME);
  } else if (!none && !DECRYPT_SCHEMES[publicArea.type]?.includes(scheme)) refuse(TPM_RC.SCHEME);
  const parent = set(A.restricted) && set(A.decrypt);
  if (!parent && publicArea.parameters.symmetric.algorithm !== TPM_ALG.NULL) refuse(TPM_RC.SYMMETRIC);
  if (publicArea.type === TPM_ALG.ECC && publicArea.parameters.kdf.scheme !== TPM_ALG.NULL) refuse(TPM_RC.KDF);
}

/** A storage parent has a cipher (libtpms does not ask for CFB, though that is how it is used); one that cannot leave its parent uses the parent's algorithms. */
function checkParentSymmetric(parent: KeyObject | null, publicArea: TPMT_PUBLIC): void {
  const symmetric = symmetricOf(publicArea);
  if (!symmetric || symmetric.algorithm === TPM_ALG.NULL) refuse(TPM_RC.SYMMETRIC);
  if (!parent || !has(publicArea.objectAttributes, A.fixedParent)) return;
  if (publicArea.nameAlg !== parent.publicArea.nameAlg) refuse(TPM_RC.HASH);
  const parents = symmetricOf(parent.publicArea);
  if (!parents || !sameBytes(encode(TPMT_SYM_DEF_OBJECT, symmetric), encode(TPMT_SYM_DEF_OBJECT, parents))) refuse(TPM_RC.SYMMETRIC);
}

/** The symmetric algorithms with which a parent protects its children. */
export function symmetricOf(publicArea: TPMT_PUBLIC) {
  switch (publicArea.type) {
    case TPM_ALG.KEYEDHASH:
      return null;
    case TPM_ALG.SYMCIPHER:
      return publicArea.parameters.sym;
    default:
      return publicArea.parameters.symmetric;
  }
}
