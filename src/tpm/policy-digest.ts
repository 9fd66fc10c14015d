import { concat, encode, type Value } from '../bytes/index.ts';
import { digest } from '../crypto/index.ts';
import { EMPTY, u32 } from './session-crypto.ts';
import { digestBytes, hashName, TPM_CC, TPML_PCR_SELECTION } from './wire/index.ts';

// Part 1 §19.7: how policy commands extend policyDigest. The TPM uses these; so does whoever computes an authPolicy in advance.

/** What a policy digest is before the first command. */
export const zeroPolicy = (hash: number): Uint8Array => new Uint8Array(digestBytes(hash));

/** digest' = H(digest ‖ commandCode ‖ arguments). */
export const extendPolicy = (hash: number, policy: Uint8Array, code: number, ...args: readonly Uint8Array[]): Uint8Array =>
  digest(hashName(hash), policy, u32(code), ...args);

/** The two steps of PolicySecret, PolicySigned and PolicyAuthorize (Part 3 §23.2.3): first the entity's Name, then policyRef. */
export function extendPolicyByName(
  hash: number,
  policy: Uint8Array,
  code: number,
  name: Uint8Array,
  policyRef: Uint8Array = EMPTY,
): Uint8Array {
  return digest(hashName(hash), extendPolicy(hash, policy, code, name), policyRef);
}

export const policyCommandCode = (hash: number, policy: Uint8Array, code: number): Uint8Array =>
  extendPolicy(hash, policy, TPM_CC.PolicyCommandCode, u32(code));
/** PolicyPassword extends with the same code: a policy serves both ways of giving the value (Part 3 §23.17). */
export const policyAuthValue = (hash: number, policy: Uint8Array): Uint8Array => extendPolicy(hash, policy, TPM_CC.PolicyAuthValue);
export const policyPcr = (hash: number, policy: Uint8Array, pcrs: Value<typeof TPML_PCR_SELECTION>, pcrDigest: Uint8Array): Uint8Array =>
  extendPolicy(hash, policy, TPM_CC.PolicyPCR, encode(TPML_PCR_SELECTION, pcrs), pcrDigest);
/** PolicyOR starts anew: the digest is a function of the branches only. */
export const policyOr = (hash: number, branches: readonly Uint8Array[]): Uint8Array =>
  extendPolicy(hash, zeroPolicy(hash), TPM_CC.PolicyOR, concat(...branches));

/** pcrDigest of selected values, in the order of selection. */
export const pcrDigestOf = (hash: number, values: readonly Uint8Array[]): Uint8Array => digest(hashName(hash), ...values);
