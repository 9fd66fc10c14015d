import { digest } from '../../../crypto/index.ts';
import type { TpmBehaviour } from '../../generation/behaviour.ts';
import { u16 } from '../../session-crypto.ts';
import { hashName, TPM_EO } from '../../wire/index.ts';
import type { Core } from '../core.ts';

// Part 3 §23.9 and §23.10, Part 4 PolicySptCheckCondition: what is there now against operand B, as numbers of equal length.

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
  return 0;
}

type Compare = (a: Uint8Array, b: Uint8Array) => number;

/** The first bit is the sign. Some take of two negative numbers the one that looks smaller for the larger (libtpms SignedCompareB). */
function signedCompare(negativeNumbers: TpmBehaviour['negativeNumbers']): Compare {
  const isNegative = (bytes: Uint8Array): boolean => (bytes[0] ?? 0) >= 0x80;
  return (a, b) => {
    if (isNegative(a) !== isNegative(b)) return isNegative(a) ? -1 : 1;
    return isNegative(a) && negativeNumbers === 'by magnitude' ? compare(b, a) : compare(a, b);
  };
}

type Condition = (a: Uint8Array, b: Uint8Array, signed: Compare) => boolean;
const CONDITIONS: Readonly<Record<number, Condition>> = {
  [TPM_EO.EQ]: (a, b) => compare(a, b) === 0,
  [TPM_EO.NEQ]: (a, b) => compare(a, b) !== 0,
  [TPM_EO.SIGNED_GT]: (a, b, signed) => signed(a, b) > 0,
  [TPM_EO.UNSIGNED_GT]: (a, b) => compare(a, b) > 0,
  [TPM_EO.SIGNED_LT]: (a, b, signed) => signed(a, b) < 0,
  [TPM_EO.UNSIGNED_LT]: (a, b) => compare(a, b) < 0,
  [TPM_EO.SIGNED_GE]: (a, b, signed) => signed(a, b) >= 0,
  [TPM_EO.UNSIGNED_GE]: (a, b) => compare(a, b) >= 0,
  [TPM_EO.SIGNED_LE]: (a, b, signed) => signed(a, b) <= 0,
  [TPM_EO.UNSIGNED_LE]: (a, b) => compare(a, b) <= 0,
  [TPM_EO.BITSET]: (a, b) => a.every((byte, i) => (byte & (b[i] ?? 0)) === b[i]),
  [TPM_EO.BITCLEAR]: (a, b) => a.every((byte, i) => (byte & (b[i] ?? 0)) === 0),
};

/** Whether the bytes stand to operandB as the operation says. Both are as long. */
export const conditionHolds = ({ behaviour }: Core, operation: number, bytes: Uint8Array, operandB: Uint8Array): boolean =>
  CONDITIONS[operation]?.(bytes, operandB, signedCompare(behaviour.negativeNumbers)) ?? false;

/** What goes into policyDigest: operand, place and operation, hashed. */
export const conditionDigest = (hash: number, operandB: Uint8Array, offset: number, operation: number, ...more: Uint8Array[]): Uint8Array =>
  digest(hashName(hash), operandB, u16(offset), u16(operation), ...more);
