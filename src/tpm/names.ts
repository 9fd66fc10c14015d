import { concat, encode } from '../bytes/index.ts';
import { digest } from '../crypto/index.ts';
import { EMPTY, u16, u32 } from './session-crypto.ts';
import { hashName, TPM_ALG, TPMS_NV_PUBLIC, type TPMT_PUBLIC, TPMT_PUBLIC_NULL } from './wire/index.ts';

// Part 1 §16: Names.

const nameOfBytes = (nameAlg: number, bytes: Uint8Array): Uint8Array => concat(u16(nameAlg), digest(hashName(nameAlg), bytes));

/** The Name of an object; empty when it has no name algorithm. */
export function nameOf(publicArea: TPMT_PUBLIC): Uint8Array {
  if (publicArea.nameAlg === TPM_ALG.NULL) return EMPTY;
  return nameOfBytes(publicArea.nameAlg, encode(TPMT_PUBLIC_NULL, publicArea));
}

/** The Name of an NV Index; it changes with the attributes. */
export const nvNameOf = (publicArea: TPMS_NV_PUBLIC): Uint8Array => nameOfBytes(publicArea.nameAlg, encode(TPMS_NV_PUBLIC, publicArea));

/** The Name of a PCR, session or permanent handle: the handle. */
export const handleName = (handle: number): Uint8Array => u32(handle);

/** Part 1 §26.5: the Name of the parent's qualified Name and one's own. */
export function qualifiedNameOf(parentQualifiedName: Uint8Array, nameAlg: number, name: Uint8Array): Uint8Array {
  if (nameAlg === TPM_ALG.NULL) return EMPTY;
  return concat(u16(nameAlg), digest(hashName(nameAlg), parentQualifiedName, name));
}
