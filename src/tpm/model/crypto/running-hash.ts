import { digest, type HashName } from '../../../crypto/index.ts';
import { hashOf } from '../../wire/index.ts';

// FIPS 180-4 with its state in reach: a sequence object is saved and loaded in mid-hash, which OpenSSL's hashes cannot be.

/** The running state: bytes seen as UINT64, chaining value, then the bytes that fill no block yet. */
export type RunningHash = Uint8Array;

/** The first `count` primes; the constants of SHA-2 are bits of their roots. */
function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every(prime => n % prime !== 0)) found.push(n);
  return found;
}

/** 64 bits after the point of the `degree`-th root. */
function rootFraction(n: number, degree: bigint): bigint {
  const scaled = BigInt(n) << (64n * degree);
  let low = 0n;
  let high = 1n << 72n;
  while (low < high - 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= scaled) low = middle;
    else high = middle;
  }
  return low & MASK_64;
}
const MASK_64 = (1n << 64n) - 1n;

const PRIMES = primes(80);
const K_64 = PRIMES.map(prime => rootFraction(prime, 3n));
const IV_512 = PRIMES.slice(0, 8).map(prime => rootFraction(prime, 2n));
const IV_384 = PRIMES.slice(8, 16).map(prime => rootFraction(prime, 2n));
const top = (value: bigint): number => Number(value >> 32n);
const K_32 = K_64.slice(0, 64).map(top);
const IV_256 = IV_512.map(top);
const IV_1 = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
const K_1 = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];

interface Variant {
  readonly wordBytes: 4 | 8;
  readonly initial: readonly (number | bigint)[];
  /** Works one block into the chaining value. */
  compress(chain: DataView, block: DataView): void;
}
const VARIANTS: Readonly<Record<HashName, Variant>> = {
  sha1: { wordBytes: 4, initial: IV_1, compress: compress1 },
  sha256: { wordBytes: 4, initial: IV_256, compress: compress256 },
  sha384: { wordBytes: 8, initial: IV_384, compress: compress512 },
  sha512: { wordBytes: 8, initial: IV_512, compress: compress512 },
};

const COUNT_BYTES = 8;
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const chainBytes = ({ initial, wordBytes }: Variant): number => initial.length * wordBytes;

/** The state before the first byte. */
export function startHash(hashAlg: number): RunningHash {
  const variant = VARIANTS[hashOf(hashAlg).name];
  const state = new Uint8Array(COUNT_BYTES + chainBytes(variant));
  variant.initial.forEach((word, i) => {
    if (typeof word === 'bigint') view(state).setBigUint64(COUNT_BYTES + i * 8, word);
    else view(state).setUint32(COUNT_BYTES + i * 4, word);
  });
  return state;
}

/** Whether bytes can be the state of a hash under way: as many are pending as its count says. */
export function isHashState(hashAlg: number, state: Uint8Array): boolean {
  const { name, blockBytes } = hashOf(hashAlg);
  const head = COUNT_BYTES + chainBytes(VARIANTS[name]);
  return state.length >= head && BigInt(state.length - head) === view(state).getBigUint64(0) % BigInt(blockBytes);
}

/** The state after more data; the state given stays as it is. */
export function updateHash(hashAlg: number, state: RunningHash, data: Uint8Array): RunningHash {
  const { name, blockBytes } = hashOf(hashAlg);
  const variant = VARIANTS[name];
  const head = state.slice(0, COUNT_BYTES + chainBytes(variant));
  view(head).setBigUint64(0, view(head).getBigUint64(0) + BigInt(data.length));
  const pending = join(state.subarray(head.length), data);
  const chain = view(head.subarray(COUNT_BYTES));
  let at = 0;
  for (; at + blockBytes <= pending.length; at += blockBytes) variant.compress(chain, view(pending.subarray(at, at + blockBytes)));
  return join(head, pending.subarray(at));
}

/** The digest of all data. */
export function finishHash(hashAlg: number, state: RunningHash): Uint8Array {
  const { name, digestBytes, blockBytes } = hashOf(hashAlg);
  const count = view(state).getBigUint64(0);
  // 0x80, zeros, and the length in bits as a number of two words, up to the end of a block.
  const lengthBytes = blockBytes / 8;
  const pending = Number(count % BigInt(blockBytes)) + 1 + lengthBytes;
  const padding = new Uint8Array(1 + ((blockBytes - (pending % blockBytes)) % blockBytes) + lengthBytes);
  padding[0] = 0x80;
  view(padding).setBigUint64(padding.length - 8, count * 8n);
  const end = updateHash(hashAlg, state, padding);
  return end.slice(COUNT_BYTES, COUNT_BYTES + Math.min(digestBytes, chainBytes(VARIANTS[name])));
}

/** HMAC (FIPS 198-1) as a hash under way: the inner one, its first block the key. */
export const startHmac = (hashAlg: number, key: Uint8Array): RunningHash =>
  updateHash(hashAlg, startHash(hashAlg), keyBlock(hashAlg, key, 0x36));
export const finishHmac = (hashAlg: number, key: Uint8Array, state: RunningHash): Uint8Array =>
  digest(hashOf(hashAlg).name, keyBlock(hashAlg, key, 0x5c), finishHash(hashAlg, state));

function keyBlock(hashAlg: number, key: Uint8Array, fill: number): Uint8Array {
  const { name, blockBytes } = hashOf(hashAlg);
  const short = key.length > blockBytes ? digest(name, key) : key;
  return new Uint8Array(blockBytes).map((_, i) => (short[i] ?? 0) ^ fill);
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

const left = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

function compress1(chain: DataView, block: DataView): void {
  const w = new Int32Array(80);
  for (let t = 0; t < 80; t++) {
    w[t] = t < 16 ? block.getInt32(t * 4) : left((w[t - 3] ?? 0) ^ (w[t - 8] ?? 0) ^ (w[t - 14] ?? 0) ^ (w[t - 16] ?? 0), 1);
  }
  let [a, b, c, d, e] = [0, 4, 8, 12, 16].map(at => chain.getInt32(at)) as [number, number, number, number, number];
  for (let t = 0; t < 80; t++) {
    const round = Math.floor(t / 20);
    const f = round === 0 ? (b & c) ^ (~b & d) : round === 2 ? (b & c) ^ (b & d) ^ (c & d) : b ^ c ^ d;
    const next = (left(a, 5) + f + e + (K_1[round] ?? 0) + (w[t] ?? 0)) | 0;
    [a, b, c, d, e] = [next, a, left(b, 30), c, d];
  }
  [a, b, c, d, e].forEach((word, i) => chain.setInt32(i * 4, chain.getInt32(i * 4) + word));
}

const right = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));
type Eight<T> = [T, T, T, T, T, T, T, T];

function compress256(chain: DataView, block: DataView): void {
  const w = new Int32Array(64);
  for (let t = 0; t < 64; t++) {
    if (t < 16) {
      w[t] = block.getInt32(t * 4);
      continue;
    }
    const [x, y] = [w[t - 15] ?? 0, w[t - 2] ?? 0];
    w[t] = (right(x, 7) ^ right(x, 18) ^ (x >>> 3)) + (right(y, 17) ^ right(y, 19) ^ (y >>> 10)) + (w[t - 7] ?? 0) + (w[t - 16] ?? 0);
  }
  let [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, i) => chain.getInt32(i * 4)) as Eight<number>;
  for (let t = 0; t < 64; t++) {
    const t1 = (h + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + ((e & f) ^ (~e & g)) + (K_32[t] ?? 0) + (w[t] ?? 0)) | 0;
    const t2 = ((right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [a, b, c, d, e, f, g, h] = [(t1 + t2) | 0, a, b, c, (d + t1) | 0, e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => chain.setInt32(i * 4, chain.getInt32(i * 4) + word));
}

const right64 = (word: bigint, bits: bigint): bigint => ((word >> bits) | (word << (64n - bits))) & MASK_64;

function compress512(chain: DataView, block: DataView): void {
  const w = new BigUint64Array(80);
  for (let t = 0; t < 80; t++) {
    if (t < 16) {
      w[t] = block.getBigUint64(t * 8);
      continue;
    }
    const [x, y] = [w[t - 15] ?? 0n, w[t - 2] ?? 0n];
    const small = right64(x, 1n) ^ right64(x, 8n) ^ (x >> 7n);
    w[t] = small + (right64(y, 19n) ^ right64(y, 61n) ^ (y >> 6n)) + (w[t - 7] ?? 0n) + (w[t - 16] ?? 0n);
  }
  let [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, i) => chain.getBigUint64(i * 8)) as Eight<bigint>;
  for (let t = 0; t < 80; t++) {
    const t1 = h + (right64(e, 14n) ^ right64(e, 18n) ^ right64(e, 41n)) + ((e & f) ^ (~e & MASK_64 & g)) + (K_64[t] ?? 0n) + (w[t] ?? 0n);
    const t2 = (right64(a, 28n) ^ right64(a, 34n) ^ right64(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
    [a, b, c, d, e, f, g, h] = [(t1 + t2) & MASK_64, a, b, c, (d + t1) & MASK_64, e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => chain.setBigUint64(i * 8, chain.getBigUint64(i * 8) + word));
}
