import { createHash, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { plain } from './plain.ts';

/** Hashes as cryptsetup names them, with node:crypto's name and the digest's bytes. Whirlpool is gone from OpenSSL 3. */
const HASHES: Readonly<Record<string, readonly [algorithm: string, bytes: number]>> = {
  sha1: ['sha1', 20],
  sha224: ['sha224', 28],
  sha256: ['sha256', 32],
  sha384: ['sha384', 48],
  sha512: ['sha512', 64],
  'sha3-224': ['sha3-224', 28],
  'sha3-256': ['sha3-256', 32],
  'sha3-384': ['sha3-384', 48],
  'sha3-512': ['sha3-512', 64],
  ripemd160: ['ripemd160', 20],
  'blake2b-512': ['blake2b512', 64],
  'blake2s-256': ['blake2s256', 32],
  sm3: ['sm3', 32],
};

const found = (hash: string): readonly [string, number] | undefined => (Object.hasOwn(HASHES, hash) ? HASHES[hash] : undefined);

export const isHash = (hash: string): boolean => found(hash) !== undefined;
export const hashNames: readonly string[] = Object.keys(HASHES);

/** Callers have asked {@link isHash}. */
function known(hash: string): readonly [algorithm: string, bytes: number] {
  const entry = found(hash);
  if (!entry) throw new RangeError(`unknown hash ${hash}`);
  return entry;
}

export const hashBytes = (hash: string): number => known(hash)[1];

export function hashOf(hash: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash(known(hash)[0]);
  for (const part of parts) state.update(part);
  return plain(state.digest());
}

const pbkdf2Async = promisify(pbkdf2);

/** node:crypto takes no more iterations than fit 31 bits. */
export const MAX_PBKDF2_ITERATIONS = 2 ** 31 - 1;

/** In libuv's pool: the event loop stays free. */
export async function derivePbkdf2(
  hash: string,
  secret: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  bytes: number,
): Promise<Uint8Array> {
  return plain(await pbkdf2Async(secret, salt, iterations, bytes, known(hash)[0]));
}
