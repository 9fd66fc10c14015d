import { fromInteger, modInverse, type RandomBytes, toInteger } from '../../crypto/index.ts';
import { curveOf, type EccPublic } from '../wire/index.ts';
import { combine, curveNumbers, mod, pointOf } from './ecc-points.ts';
import { eccPrivateKey, eccPublicPoint } from './key-crypto.ts';

// Part 1 C.4.2, FIPS 186-4 §6. The one-time number comes from the TPM's generator.

export interface EccSignature {
  readonly signatureR: Uint8Array;
  readonly signatureS: Uint8Array;
}

/** The leftmost bits of a digest, as many as the order has. */
function numberOf(hashed: Uint8Array, order: bigint): bigint {
  const excess = hashed.length * 8 - order.toString(2).length;
  const value = toInteger(hashed);
  return (excess > 0 ? value >> BigInt(excess) : value) % order;
}

export function signEcdsa(curveID: number, d: Uint8Array, hashed: Uint8Array, random: RandomBytes): EccSignature {
  const { order, bytes } = curveOf(curveID);
  for (;;) {
    const k = eccPrivateKey(curveID, random);
    const r = toInteger(eccPublicPoint(curveID, k)?.x ?? new Uint8Array(0)) % order;
    const s = (modInverse(toInteger(k), order) * (numberOf(hashed, order) + r * toInteger(d))) % order;
    if (r !== 0n && s !== 0n) return { signatureR: fromInteger(r, bytes), signatureS: fromInteger(s, bytes) };
  }
}

export function ecdsaHolds({ parameters: { curveID }, unique }: EccPublic, hashed: Uint8Array, signature: EccSignature): boolean {
  const { n, g } = curveNumbers(curveID);
  const r = toInteger(signature.signatureR);
  const s = toInteger(signature.signatureS);
  const q = pointOf(curveID, unique);
  if (!q || r === 0n || s === 0n || r >= n || s >= n) return false;
  const w = modInverse(s, n);
  const sum = combine(curveID, [mod(numberOf(hashed, n) * w, n), g], [mod(r * w, n), q]);
  return sum !== null && mod(sum.x, n) === r;
}
