import { digest, fromInteger, modInverse, type RandomBytes, toInteger } from '../../../crypto/index.ts';
import { curveOf, type EccPublic, hashName, TPM_ALG } from '../../wire/index.ts';
import { combine, curveNumbers, mod, pointOf } from './ecc-points.ts';
import { eccPrivateKey, eccPublicPoint } from './key-crypto.ts';

// Part 1 C.4, Part 4 CryptEccSignature.c: signatures over a digest. The one-time number comes from the TPM's generator, for ECDAA
// from a commitment.

export interface EccSignature {
  readonly signatureR: Uint8Array;
  readonly signatureS: Uint8Array;
}
interface Signing {
  readonly curveID: number;
  readonly d: Uint8Array;
  readonly hashAlg: number;
  readonly hashed: Uint8Array;
  readonly random: RandomBytes;
}

const EMPTY = new Uint8Array(0);

/** The leftmost bits of a digest, as many as the order has. */
function numberOf(hashed: Uint8Array, order: bigint): bigint {
  const excess = hashed.length * 8 - order.toString(2).length;
  const value = toInteger(hashed);
  return (excess > 0 ? value >> BigInt(excess) : value) % order;
}

/** A one-time key: number and x coordinate of its point. */
function oneTime(curveID: number, random: RandomBytes): { k: bigint; x: bigint } {
  const k = eccPrivateKey(curveID, random);
  return { k: toInteger(k), x: toInteger(eccPublicPoint(curveID, k)?.x ?? EMPTY) };
}

/** FIPS 186-4 §6. */
export function signEcdsa({ curveID, d, hashed, random }: Signing): EccSignature {
  const { order, bytes } = curveOf(curveID);
  for (;;) {
    const { k, x } = oneTime(curveID, random);
    const r = x % order;
    const s = (modInverse(k, order) * (numberOf(hashed, order) + r * toInteger(d))) % order;
    if (r !== 0n && s !== 0n) return { signatureR: fromInteger(r, bytes), signatureS: fromInteger(s, bytes) };
  }
}

/** r = H(x of the one-time point ‖ digest), no longer than the order. */
function schnorrR(curveID: number, hashAlg: number, x: bigint, hashed: Uint8Array): bigint {
  const { bytes } = curveOf(curveID);
  return toInteger(digest(hashName(hashAlg), fromInteger(x, bytes), hashed).subarray(0, bytes));
}

/** Part 1 C.4.3. libtpms gives r as it is, which may be above the order: then the signature does not verify. */
export function signSchnorr({ curveID, d, hashAlg, hashed, random }: Signing): EccSignature {
  const { order, bytes } = curveOf(curveID);
  for (;;) {
    const { k, x } = oneTime(curveID, random);
    const r = schnorrR(curveID, hashAlg, x, hashed);
    const s = (k + r * toInteger(d)) % order;
    if (r % order !== 0n && s !== 0n) return { signatureR: fromInteger(r, bytes), signatureS: fromInteger(s, bytes) };
  }
}

/** GB/T 32918.2 §6.1, over the digest that the caller made of key and message. */
export function signSm2({ curveID, d, hashed, random }: Signing): EccSignature {
  const { order, bytes } = curveOf(curveID);
  const key = toInteger(d);
  for (;;) {
    const { k, x } = oneTime(curveID, random);
    const r = (toInteger(hashed) + x) % order;
    const s = mod(modInverse(key + 1n, order) * (k - r * key), order);
    if (r !== 0n && r + k !== order && s !== 0n) return { signatureR: fromInteger(r, bytes), signatureS: fromInteger(s, bytes) };
  }
}

/** Part 1 C.4.2: `r` is the number of the commitment; the signature's first part is a nonce. */
export function signEcdaa({ curveID, d, hashAlg, hashed, random }: Signing, r: bigint): EccSignature {
  const { order, bytes } = curveOf(curveID);
  for (;;) {
    const nonce = fromInteger(toInteger(eccPrivateKey(curveID, random)), bytes);
    const signatureR = withoutLeadingZeros(nonce);
    const t = toInteger(digest(hashName(hashAlg), signatureR, hashed)) % order;
    const s = (r + t * toInteger(d)) % order;
    if (t !== 0n && s !== 0n) return { signatureR, signatureS: fromInteger(s, bytes) };
  }
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex(byte => byte !== 0);
  return first < 0 ? EMPTY : bytes.slice(first);
}

/** Whether the signature is of this key over the digest. An ECDAA signature is verified outside. */
export function eccSignatureHolds(
  { parameters: { curveID }, unique }: EccPublic,
  scheme: number,
  hashAlg: number,
  hashed: Uint8Array,
  signature: EccSignature,
): boolean {
  const { n, g } = curveNumbers(curveID);
  const r = toInteger(signature.signatureR);
  const s = toInteger(signature.signatureS);
  const q = pointOf(curveID, unique);
  if (!q || r === 0n || s === 0n || r >= n || s >= n) return false;
  switch (scheme) {
    case TPM_ALG.ECDSA: {
      const w = modInverse(s, n);
      const sum = combine(curveID, [mod(numberOf(hashed, n) * w, n), g], [mod(r * w, n), q]);
      return sum !== null && mod(sum.x, n) === r;
    }
    case TPM_ALG.ECSCHNORR: {
      const sum = combine(curveID, [s, g], [n - r, q]);
      return sum !== null && schnorrR(curveID, hashAlg, sum.x, hashed) === r;
    }
    default: {
      const t = (r + s) % n;
      const sum = t === 0n ? null : combine(curveID, [s, g], [t, q]);
      return sum !== null && (toInteger(hashed) + sum.x) % n === r;
    }
  }
}
