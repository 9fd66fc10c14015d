import { constants, createPrivateKey, createPublicKey, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import { concat, utf8 } from '../bytes/index.ts';
import { DIGEST_BYTES, digest, equal, type HashName, hmac, plain } from './hash.ts';
import { fromInteger, gcd, modInverse, toInteger } from './integer.ts';
import { mgf1 } from './kdf.ts';

/** Where random bytes come from: the simulator's injected source, or a derivation from a seed. */
export type RandomBytes = (count: number) => Uint8Array;

export interface RsaKey {
  /** Modulus, big-endian, keyBits / 8 bytes. */
  readonly n: Uint8Array;
  readonly e: number;
  /** One of the primes, half as long: what a TPM keeps as the private part. */
  readonly p: Uint8Array;
}

const SMALL_PRIMES = (() => {
  const sieve = new Uint8Array(30_000);
  const primes: number[] = [];
  for (let i = 2; i < sieve.length; i++) {
    if (sieve[i]) continue;
    primes.push(i);
    for (let j = i * i; j < sieve.length; j += i) sieve[j] = 1;
  }
  return primes.slice(1);
})();

const ROUNDS = 8;

/**
 * Miller-Rabin, for odd candidates of chance: eight rounds leave less than 2^-100 for 512 bits and more (FIPS 186-4 C.3).
 * `checkPrimeSync` does 64 of them. The bases come from the candidate, so that no randomness is drawn here.
 */
function isPrime(candidate: bigint, octets: Uint8Array): boolean {
  const minusOne = candidate - 1n;
  let exponent = minusOne >> 1n;
  let twos = 1;
  for (; (exponent & 1n) === 0n; twos++) exponent >>= 1n;
  const power = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: base64url(octets), e: base64url(exponent) } });
  for (let round = 0; round < ROUNDS; round++) {
    const base = new Uint8Array(octets.length);
    if (round === 0) base[base.length - 1] = 2;
    else base.set(mgf1('sha256', concat(octets, Uint8Array.of(round)), base.length - 1), 1);
    let x = toInteger(rsaPublic(power, base));
    if (x === 1n) continue;
    for (let i = 1; i < twos && x !== minusOne; i++) x = (x * x) % candidate;
    if (x !== minusOne) return false;
  }
  return true;
}

/** A prime of `bytes` bytes with its two top bits set, so that the product of two has full length. */
function prime(bytes: number, e: number, random: RandomBytes): bigint {
  for (;;) {
    const start = random(bytes);
    start[0] = (start[0] ?? 0) | 0xc0;
    start[bytes - 1] = (start[bytes - 1] ?? 0) | 1;
    const found = firstPrime(toInteger(start), bytes, e);
    if (found !== null) return found;
  }
}

/**
 * Primes by where the search for them began. Hosts of one seed make the same keys again in every run of a process, and the search costs
 * more than all else at the boot of a host.
 */
const searched = new Map<string, bigint | null>();
const MOST_SEARCHED = 512;

/** The first prime from `base` on, which has `bytes` bytes; null: there is none nearby. */
function firstPrime(base: bigint, bytes: number, e: number): bigint | null {
  const key = `${e}:${base.toString(16)}`;
  const known = searched.get(key);
  if (known !== undefined) return known;
  const found = searchPrime(base, bytes, e);
  const [oldest] = searched.keys();
  if (searched.size >= MOST_SEARCHED && oldest !== undefined) searched.delete(oldest);
  searched.set(key, found);
  return found;
}

function searchPrime(base: bigint, bytes: number, e: number): bigint | null {
  // A sieve over the next odd numbers leaves few for the costly test.
  const window = new Uint8Array(2048);
  for (const small of SMALL_PRIMES) {
    const remainder = Number(base % BigInt(small));
    // base + 2i = 0 (mod small)
    let i = (((small - remainder) % small) * ((small + 1) / 2)) % small;
    for (; i < window.length; i += small) window[i] = 1;
  }
  for (let i = 0; i < window.length; i++) {
    if (window[i]) continue;
    const candidate = base + BigInt(2 * i);
    if (gcd(candidate - 1n, BigInt(e)) !== 1n) continue;
    const octets = fromInteger(candidate, bytes + 1);
    if (octets[0] === 0 && isPrime(candidate, octets.slice(1))) return candidate;
  }
  return null;
}

/** A key made from the given randomness alone: the same bytes give the same key. */
export function generateRsa(keyBits: number, e: number, random: RandomBytes): RsaKey {
  const half = keyBits / 16;
  const p = prime(half, e, random);
  let q = prime(half, e, random);
  while (q === p) q = prime(half, e, random);
  return { n: fromInteger(p * q, keyBits / 8), e, p: fromInteger(p, half) };
}

const base64url = (value: bigint | Uint8Array): string =>
  Buffer.from(typeof value === 'bigint' ? fromInteger(value, Math.ceil(value.toString(16).length / 2)) : value).toString('base64url');

/** The OpenSSL key of (n, e, p); throws RangeError when p does not divide n. */
export function privateKeyObject({ n, e, p }: RsaKey): KeyObject {
  const modulus = toInteger(n);
  const prime1 = toInteger(p);
  if (prime1 <= 1n || modulus % prime1 !== 0n) throw new RangeError('p does not divide n');
  const prime2 = modulus / prime1;
  const exponent = BigInt(e);
  const d = modInverse(exponent, (prime1 - 1n) * (prime2 - 1n));
  return createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: base64url(n),
      e: base64url(exponent),
      d: base64url(d),
      p: base64url(prime1),
      q: base64url(prime2),
      dp: base64url(d % (prime1 - 1n)),
      dq: base64url(d % (prime2 - 1n)),
      qi: base64url(modInverse(prime2, prime1)),
    },
  });
}

export function publicKeyObject(n: Uint8Array, e: number): KeyObject {
  return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: base64url(n), e: base64url(BigInt(e)) } });
}

/** (n, e, p) of an RSA private key that OpenSSL can read. */
export function rsaKeyOf(key: KeyObject): RsaKey {
  const { n, e, p } = key.export({ format: 'jwk' });
  if (!n || !e || !p) throw new RangeError('not an RSA private key');
  return {
    n: Uint8Array.from(Buffer.from(n, 'base64url')),
    e: Number(toInteger(Buffer.from(e, 'base64url'))),
    p: Uint8Array.from(Buffer.from(p, 'base64url')),
  };
}

/** message^d mod n; as many bytes as the modulus. The message must be smaller than the modulus. */
export function rsaPrivate(key: KeyObject, message: Uint8Array): Uint8Array {
  return plain(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, message));
}

/** message^e mod n; as many bytes as the modulus. */
export function rsaPublic(key: KeyObject, message: Uint8Array): Uint8Array {
  return plain(publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, message));
}

/** EME-OAEP encoding (RFC 8017 §7.1.1) with a seed of our own choosing. `label` as it goes into the hash, NUL included if any. */
export function padOaep(hash: HashName, message: Uint8Array, size: number, label: Uint8Array, random: RandomBytes): Uint8Array {
  const hLen = DIGEST_BYTES[hash];
  if (message.length > size - 2 * hLen - 2) throw new RangeError('the message is too long for OAEP with this key');
  const db = new Uint8Array(size - hLen - 1);
  db.set(digest(hash, label));
  db[db.length - message.length - 1] = 1;
  db.set(message, db.length - message.length);
  const seed = random(hLen);
  const maskedDb = xor(db, mgf1(hash, seed, db.length));
  const maskedSeed = xor(seed, mgf1(hash, maskedDb, hLen));
  return concat(Uint8Array.of(0), maskedSeed, maskedDb);
}

/** The message of an EME-OAEP block, or null. Which of its checks failed cannot be told from outside. */
export function unpadOaep(hash: HashName, block: Uint8Array, label: Uint8Array): Uint8Array | null {
  const hLen = DIGEST_BYTES[hash];
  if (block.length < 2 * hLen + 2) return null;
  const maskedDb = block.subarray(1 + hLen);
  const seed = xor(block.subarray(1, 1 + hLen), mgf1(hash, maskedDb, hLen));
  const db = xor(maskedDb, mgf1(hash, seed, maskedDb.length));
  const labelFits = equal(db.subarray(0, hLen), digest(hash, label));
  let separator = -1;
  let bad = block[0] !== 0 ? 1 : 0;
  for (let i = hLen; i < db.length; i++) {
    const byte = db[i] ?? 0;
    if (separator < 0 && byte === 1) separator = i;
    else if (separator < 0 && byte !== 0) bad = 1;
  }
  return bad === 0 && labelFits && separator >= 0 ? db.slice(separator + 1) : null;
}

/** A label as TPM 2.0 hashes it: with its terminating NUL (Part 1 B.4). */
export const oaepLabel = (text: string): Uint8Array => concat(utf8(text), Uint8Array.of(0));

/** EME-PKCS1-v1_5 encoding (RFC 8017 §7.2.1). */
export function padPkcs1(message: Uint8Array, size: number, random: RandomBytes): Uint8Array {
  if (message.length > size - 11) throw new RangeError('the message is too long for PKCS#1 v1.5 with this key');
  const filler = new Uint8Array(size - message.length - 3);
  for (let i = 0; i < filler.length; ) {
    for (const byte of random(filler.length - i)) if (byte !== 0) filler[i++] = byte;
  }
  return concat(Uint8Array.of(0, 2), filler, Uint8Array.of(0), message);
}

export function unpadPkcs1(block: Uint8Array): Uint8Array | null {
  let separator = -1;
  for (let i = 2; i < block.length; i++) if (separator < 0 && block[i] === 0) separator = i;
  return block[0] === 0 && block[1] === 2 && separator >= 10 ? block.slice(separator + 1) : null;
}

const LENGTH_CANDIDATES = 128;

/**
 * What a decryption gives for a block that is no PKCS#1, so that nobody can tell it from a message without knowing the key: bytes from key
 * and ciphertext (OpenSSL 3.2 ossl_rsa_padding_check_PKCS1_type_2 and derive_kdk).
 */
export function rejectedPkcs1(key: KeyObject, ciphertext: Uint8Array): Uint8Array {
  const size = ciphertext.length;
  const d = fromInteger(toInteger(Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url')), size);
  const kdk = hmac('sha256', digest('sha256', d), ciphertext);
  const u16 = (value: number): Uint8Array => Uint8Array.of(value >>> 8, value);
  const expand = (label: string, length: number): Uint8Array => {
    const blocks: Uint8Array[] = [];
    for (let i = 0; i * 32 < length; i++) blocks.push(hmac('sha256', kdk, u16(i), utf8(label), u16(length * 8)));
    return concat(...blocks).subarray(0, length);
  };
  const longest = size - 2 - 8;
  const mask = 2 ** Math.ceil(Math.log2(longest + 1)) - 1;
  const lengths = expand('length', 2 * LENGTH_CANDIDATES);
  let length = 0;
  for (let i = 0; i < LENGTH_CANDIDATES; i++) {
    const candidate = (((lengths[2 * i] ?? 0) << 8) | (lengths[2 * i + 1] ?? 0)) & mask;
    if (candidate < longest) length = candidate;
  }
  return expand('message', size).slice(size - length);
}

export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] ?? 0));
}
