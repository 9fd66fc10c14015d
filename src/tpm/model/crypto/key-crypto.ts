import { createECDH, type KeyObject as OpenSslKey } from 'node:crypto';
import { concat } from '../../../bytes/index.ts';
import { fromInteger, privateKeyObject, publicKeyObject, type RandomBytes, toInteger } from '../../../crypto/index.ts';
import { type Curve, curveOf, RSA_DEFAULT_EXPONENT, type RsaPublic, type TPMS_ECC_POINT } from '../../wire/index.ts';
import { combine, curveNumbers, eccMultiply, wirePoint } from './ecc-points.ts';

// Keys of OpenSSL made from what the TPM keeps. They are no state: a cache outside of it spares making them for every command.

const CACHED_KEYS = 256;
const cache = new Map<string, OpenSslKey>();

function cached(key: string, make: () => OpenSslKey): OpenSslKey {
  const found = cache.get(key);
  if (found) {
    cache.delete(key); // the map's order is that of use
    cache.set(key, found);
    return found;
  }
  const made = make();
  cache.set(key, made);
  if (cache.size > CACHED_KEYS)
    for (const oldest of cache.keys()) {
      cache.delete(oldest);
      break;
    }
  return made;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
export const exponentOf = (publicArea: RsaPublic): number => publicArea.parameters.exponent || RSA_DEFAULT_EXPONENT;

export const rsaPublicKey = (publicArea: RsaPublic): OpenSslKey =>
  cached(`n${exponentOf(publicArea)} ${text(publicArea.unique)}`, () => publicKeyObject(publicArea.unique, exponentOf(publicArea)));

/** @throws {RangeError} when the prime does not divide the modulus. */
export const rsaPrivateKey = (publicArea: RsaPublic, prime: Uint8Array): OpenSslKey =>
  cached(`p${exponentOf(publicArea)} ${text(publicArea.unique)}${text(prime)}`, () =>
    privateKeyObject({ n: publicArea.unique, e: exponentOf(publicArea), p: prime }),
  );

const UNCOMPRESSED = 4;
const padded = (bytes: Uint8Array, length: number): Uint8Array =>
  bytes.length >= length ? bytes : concat(new Uint8Array(length - bytes.length), bytes);

const pointBytes = (curve: Curve, { x, y }: TPMS_ECC_POINT): Uint8Array | null =>
  x.length > curve.bytes || y.length > curve.bytes
    ? null
    : concat(Uint8Array.of(UNCOMPRESSED), padded(x, curve.bytes), padded(y, curve.bytes));

function pointOf(curve: Curve, bytes: Uint8Array): TPMS_ECC_POINT {
  return { x: bytes.slice(1, 1 + curve.bytes), y: bytes.slice(1 + curve.bytes) };
}

/** A private key between 1 and n - 1 from random bytes, with 64 bits more than the order has, so that no bias is left (FIPS 186-4 B.4.1). */
export function eccPrivateKey(curveID: number, random: RandomBytes): Uint8Array {
  const curve = curveOf(curveID);
  return fromInteger((toInteger(random(curve.bytes + 8)) % (curve.order - 1n)) + 1n, curve.bytes);
}

/** d · G; null when d is no private key of the curve. */
export function eccPublicPoint(curveID: number, d: Uint8Array): TPMS_ECC_POINT | null {
  const curve = curveOf(curveID);
  const value = toInteger(d);
  if (value === 0n || value >= curve.order) return null;
  if (curve.name === null) {
    const point = combine(curveID, [value, curveNumbers(curveID).g]);
    return point && wirePoint(curveID, point);
  }
  const ecdh = createECDH(curve.name);
  ecdh.setPrivateKey(fromInteger(value, curve.bytes));
  return pointOf(curve, new Uint8Array(ecdh.getPublicKey()));
}

/** The x coordinate of d · point; null when the point is not on the curve. */
export function eccMultiplyX(curveID: number, d: Uint8Array, point: TPMS_ECC_POINT): Uint8Array | null {
  const curve = curveOf(curveID);
  if (curve.name === null) return eccMultiply(curveID, d, point)?.x ?? null;
  const bytes = pointBytes(curve, point);
  if (!bytes) return null;
  const ecdh = createECDH(curve.name);
  ecdh.setPrivateKey(padded(d, curve.bytes));
  try {
    return padded(new Uint8Array(ecdh.computeSecret(bytes)), curve.bytes);
  } catch (error) {
    if (isBadPoint(error)) return null;
    throw error;
  }
}

export const eccIsOnCurve = (curveID: number, point: TPMS_ECC_POINT): boolean => eccMultiplyX(curveID, Uint8Array.of(1), point) !== null;

const isBadPoint = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY' || error.code === 'ERR_OSSL_EC_POINT_IS_NOT_ON_CURVE');
