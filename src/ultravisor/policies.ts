import { concat } from '../bytes/index.ts';
import { digest } from '../crypto/index.ts';
import type { Profile } from './profile.ts';

const u32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
const H = (...parts: readonly Uint8Array[]): Uint8Array => digest('sha256', ...parts);
const EMPTY = new Uint8Array(32);

const CC = { RSA_Decrypt: 0x159, ObjectChangeAuth: 0x150, PolicyCommandCode: 0x16c, PolicyAuthValue: 0x16b, PolicyPCR: 0x17f, PolicyOR: 0x171 };

/** pcrSelect of one PCR in 3 bytes. */
export function pcrSelect(pcr: number): Uint8Array {
  const select = new Uint8Array(3);
  select[pcr >> 3] = 1 << (pcr & 7);
  return select;
}

export interface WrappingKeyPolicies {
  /** Who knows the password may decrypt. */
  readonly a: Uint8Array;
  /** While the PCR is zero, the password may be changed. */
  readonly b: Uint8Array;
  /** authPolicy of the key: A or B. */
  readonly or: Uint8Array;
}

/** The policies of the wrapping key as SHA-256 digests (pef.md d.3; skiboot libstb/tss2/opalcreate.c has them as constants). */
export function wrappingKeyPolicies({ policyPcr }: Profile): WrappingKeyPolicies {
  const commandCode = (code: number) => H(EMPTY, u32(CC.PolicyCommandCode), u32(code));
  const a = H(commandCode(CC.RSA_Decrypt), u32(CC.PolicyAuthValue));
  const selection = concat(u32(1), Uint8Array.of(0x00, 0x0b, 3), pcrSelect(policyPcr));
  const zeroPcr = H(new Uint8Array(32));
  const b = H(commandCode(CC.ObjectChangeAuth), u32(CC.PolicyPCR), selection, zeroPcr);
  return { a, b, or: H(EMPTY, u32(CC.PolicyOR), a, b) };
}
