import { createECDH } from 'node:crypto';
import { fromInteger, modInverse, toInteger } from '../../../crypto/index.ts';
import { curveOf, TPM_ECC, type TPMS_ECC_POINT } from '../../wire/index.ts';

// Part 1 Annex C: points of curves y² = x³ + ax + b over a prime field. OpenSSL gives node:crypto no sum of points and no y
// coordinate of a product, and it does not know the BN curves: all that is wanted by ECDH_ZGen, Commit and to verify signatures.

const two = (bits: number): bigint => 1n << BigInt(bits);
const PRIMES: Readonly<Record<number, bigint>> = {
  [TPM_ECC.NIST_P192]: two(192) - two(64) - 1n,
  [TPM_ECC.NIST_P224]: two(224) - two(96) + 1n,
  [TPM_ECC.NIST_P256]: two(256) - two(224) + two(192) + two(96) - 1n,
  [TPM_ECC.NIST_P384]: two(384) - two(128) - two(96) + two(32) - 1n,
  [TPM_ECC.NIST_P521]: two(521) - 1n,
  [TPM_ECC.SM2_P256]: two(256) - two(224) - two(96) + two(64) - 1n,
};
/** Barreto-Naehrig curves (ISO/IEC 15946-5, TCG Algorithm Registry §6): a = 0. */
const BN: Readonly<Record<number, Omit<CurveNumbers, 'a' | 'n'>>> = {
  [TPM_ECC.BN_P256]: {
    p: 0xfffffffffffcf0cd46e5f25eee71a49f0cdc65fb12980a82d3292ddbaed33013n,
    b: 3n,
    g: { x: 1n, y: 2n },
  },
  [TPM_ECC.BN_P638]: {
    p: 0x23fffffdc000000d7fffffb8000001d3fffff942d000165e3fff94870000d52ffffdd0e00008de55c00086520021e55bfffff51ffff4eb800000004c80015acdffffffffffffece00000000000000067n,
    b: 257n,
    g: {
      x: 0x23fffffdc000000d7fffffb8000001d3fffff942d000165e3fff94870000d52ffffdd0e00008de55c00086520021e55bfffff51ffff4eb800000004c80015acdffffffffffffece00000000000000066n,
      y: 16n,
    },
  },
};

interface Affine {
  readonly x: bigint;
  readonly y: bigint;
}
/** x / z², y / z³; z = 0 is the point at infinity. */
interface Jacobian {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}
const INFINITY: Jacobian = { x: 1n, y: 1n, z: 0n };

export interface CurveNumbers {
  readonly p: bigint;
  readonly a: bigint;
  readonly b: bigint;
  readonly g: Affine;
  readonly n: bigint;
}
const known = new Map<number, CurveNumbers>();

/** The numbers of a curve. The base point is what OpenSSL calls 1 · G; b follows from it. */
export function curveNumbers(curveID: number): CurveNumbers {
  const found = known.get(curveID);
  if (found) return found;
  const n = curveOf(curveID).order;
  const bn = BN[curveID];
  const numbers = bn ? { ...bn, a: 0n, n } : { ...opensslNumbers(curveID), n };
  known.set(curveID, numbers);
  return numbers;
}

function opensslNumbers(curveID: number): Omit<CurveNumbers, 'n'> {
  const { name, bytes } = curveOf(curveID);
  const p = PRIMES[curveID];
  if (p === undefined || name === null) throw new RangeError(`0x${curveID.toString(16)} is no curve of this TPM`);
  const ecdh = createECDH(name);
  ecdh.setPrivateKey(fromInteger(1n, bytes));
  const one = ecdh.getPublicKey();
  const g = { x: toInteger(one.subarray(1, 1 + bytes)), y: toInteger(one.subarray(1 + bytes)) };
  return { p, a: p - 3n, b: mod(g.y ** 2n - g.x ** 3n + 3n * g.x, p), g };
}

export function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** A point of the wire as numbers; null when it is not on the curve. */
export function pointOf(curveID: number, { x, y }: TPMS_ECC_POINT): Affine | null {
  const { p, a, b } = curveNumbers(curveID);
  const point = { x: toInteger(x), y: toInteger(y) };
  if (point.x >= p || point.y >= p) return null;
  return mod(point.y ** 2n - point.x ** 3n - a * point.x - b, p) === 0n ? point : null;
}

export function wirePoint(curveID: number, { x, y }: Affine): TPMS_ECC_POINT {
  const { bytes } = curveOf(curveID);
  return { x: fromInteger(x, bytes), y: fromInteger(y, bytes) };
}

function doubled({ x, y, z }: Jacobian, { p, a }: CurveNumbers): Jacobian {
  if (z === 0n || y === 0n) return INFINITY;
  const delta = (z * z) % p;
  const gamma = (y * y) % p;
  const beta = (x * gamma) % p;
  const alpha = mod(a === 0n ? 3n * x * x : 3n * (x - delta) * (x + delta), p);
  const x3 = mod(alpha * alpha - 8n * beta, p);
  return { x: x3, y: mod(alpha * (4n * beta - x3) - 8n * gamma * gamma, p), z: mod(2n * y * z, p) };
}

function sum(a: Jacobian, b: Jacobian, curve: CurveNumbers): Jacobian {
  const { p } = curve;
  if (a.z === 0n) return b;
  if (b.z === 0n) return a;
  const [za, zb] = [(a.z * a.z) % p, (b.z * b.z) % p];
  const [ua, ub] = [(a.x * zb) % p, (b.x * za) % p];
  const [sa, sb] = [(a.y * b.z * zb) % p, (b.y * a.z * za) % p];
  if (ua === ub) return sa === sb ? doubled(a, curve) : INFINITY;
  const h = mod(ub - ua, p);
  const r = mod(sb - sa, p);
  const hh = (h * h) % p;
  const hhh = (h * hh) % p;
  const v = (ua * hh) % p;
  const x = mod(r * r - hhh - 2n * v, p);
  return { x, y: mod(r * (v - x) - sa * hhh, p), z: (((a.z * b.z) % p) * h) % p };
}

function times(scalar: bigint, point: Affine, curve: CurveNumbers): Jacobian {
  let product = INFINITY;
  const base = { ...point, z: 1n };
  for (let bit = BigInt(scalar.toString(2).length) - 1n; bit >= 0n; bit--) {
    product = doubled(product, curve);
    if ((scalar >> bit) & 1n) product = sum(product, base, curve);
  }
  return product;
}

/** The sum of multiples of points; null is the point at infinity. */
export function combine(curveID: number, ...terms: readonly (readonly [scalar: bigint, point: Affine])[]): Affine | null {
  const curve = curveNumbers(curveID);
  const { p } = curve;
  const total = terms.map(([scalar, point]) => times(scalar, point, curve)).reduce((a, b) => sum(a, b, curve), INFINITY);
  if (total.z === 0n) return null;
  const inverse = modInverse(total.z, p);
  return { x: (total.x * inverse ** 2n) % p, y: (total.y * inverse ** 3n) % p };
}

/** d · point with both coordinates; null when the point is not on the curve, or the product is the point at infinity. */
export function eccMultiply(curveID: number, d: Uint8Array, point: TPMS_ECC_POINT): TPMS_ECC_POINT | null {
  const affine = pointOf(curveID, point);
  const product = affine && combine(curveID, [toInteger(d), affine]);
  return product && wirePoint(curveID, product);
}
