import { pcrDigestOf, policyAuthValue, policyCommandCode, policyOr, policyPcr, zeroPolicy } from '../../tpm/index.ts';
import { TPM_ALG, TPM_CC } from '../../tpm/wire/index.ts';

const HASH = TPM_ALG.SHA256;

/** PCRs to which branch B may be bound (skiboot libstb/tss2/opalcreate.c): the one compiled in, and the alternative. */
export const POLICY_PCRS = [16, 6] as const;
export type PolicyPcr = (typeof POLICY_PCRS)[number];

/** The selection of one PCR of the SHA-256 bank. */
export function selectPcr(pcr: number): readonly { readonly hash: typeof HASH; readonly pcrSelect: Uint8Array }[] {
  const pcrSelect = new Uint8Array(3);
  pcrSelect[pcr >> 3] = 1 << (pcr & 7);
  return [{ hash: HASH, pcrSelect }];
}

export interface WrappingKeyPolicies {
  /** Who knows the password may decrypt. */
  readonly a: Uint8Array;
  /** While the PCR is zero, the password may be changed. */
  readonly b: Uint8Array;
  /** authPolicy of the key: A or B. */
  readonly or: Uint8Array;
}

/**
 * The policies of the wrapping key (docs/reference/pef.md#policies-of-the-wrapping-key; skiboot libstb/tss2/opalcreate.c has their digests
 * as constants).
 */
export function wrappingKeyPolicies({ policyPcr: pcr }: { readonly policyPcr: PolicyPcr }): WrappingKeyPolicies {
  const start = zeroPolicy(HASH);
  const a = policyAuthValue(HASH, policyCommandCode(HASH, start, TPM_CC.RSA_Decrypt));
  const mayChange = policyCommandCode(HASH, start, TPM_CC.ObjectChangeAuth);
  const b = policyPcr(HASH, mayChange, selectPcr(pcr), pcrDigestOf(HASH, [new Uint8Array(32)]));
  return { a, b, or: policyOr(HASH, [a, b]) };
}
