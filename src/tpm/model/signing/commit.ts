import { kdfA, toInteger } from '../../../crypto/index.ts';
import { u64 } from '../../session-crypto.ts';
import { curveOf } from '../../wire/index.ts';
import type { Core } from '../core.ts';

// Part 1 C.4.2, Part 4 CryptGenerateR, CryptCommit: numbers that are committed to in one command and used in a later one. They are
// not kept, but made again from a counter; a bit for each of the last 128 says whether it may still be used.

const KEPT = 128;
const MASK = KEPT - 1;
const LOW_16 = 0xffffn;

/** The number for a counter value and a key (an empty Name: for none), below the order of the curve. */
function numberOf(tpm: Core, counter: bigint, curveID: number, name: Uint8Array): bigint {
  const { bytes, order } = curveOf(curveID);
  const { commitNonce } = tpm.state.reset;
  const half = 1n << BigInt(bytes * 4);
  for (let iteration = 0n; ; iteration++) {
    const number = toInteger(kdfA('sha512', commitNonce, 'ECDAA Commit', name, u64(counter + (iteration << 48n)), bytes * 8));
    const cut = number & ((1n << BigInt(order.toString(2).length)) - 1n);
    if (cut < order && cut >= half) return cut;
  }
}

/** The number of the next commitment, which {@link commit} makes. */
export const nextNumber = (tpm: Core, curveID: number, name: Uint8Array): bigint =>
  numberOf(tpm, tpm.state.reset.commitCounter, curveID, name);

/** The number that was committed to under this counter; null when there is none, or it was used. */
export function committedNumber(tpm: Core, counter: number, curveID: number, name: Uint8Array): bigint | null {
  const { commitArray, commitCounter } = tpm.state.reset;
  if (!isSet(commitArray, counter & MASK)) return null;
  const now = Number(commitCounter & LOW_16);
  const then = (counter & MASK) >= (now & MASK) ? commitCounter - BigInt(KEPT) : commitCounter;
  if ((Number(BigInt.asUintN(64, then) & LOW_16) & ~MASK) !== (counter & ~MASK)) return null;
  return numberOf(tpm, (BigInt.asUintN(64, then) & ~LOW_16) | BigInt(counter), curveID, name);
}

const isSet = (array: Uint8Array, bit: number): boolean => (((array[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1;

/** The commitment is made: its counter, as the caller names it later. */
export function commit(tpm: Core): number {
  const { reset } = tpm.state;
  const counter = Number(reset.commitCounter & LOW_16);
  reset.commitCounter++;
  const bit = counter & MASK;
  reset.commitArray = reset.commitArray.map((byte, i) => (i === bit >> 3 ? byte | (1 << (bit & 7)) : byte));
  tpm.disorderly = true;
  return counter;
}

/** It was used: never again. */
export function endCommit(tpm: Core, counter: number): void {
  const { reset } = tpm.state;
  const bit = counter & MASK;
  reset.commitArray = reset.commitArray.map((byte, i) => (i === bit >> 3 ? byte & ~(1 << (bit & 7)) : byte));
  tpm.disorderly = true;
}
