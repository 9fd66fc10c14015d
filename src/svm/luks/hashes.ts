import { hash, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

/** The same bytes as a plain Uint8Array: `slice` of a Buffer would not copy. */
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);

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

const found = (name: string): readonly [string, number] | undefined => (Object.hasOwn(HASHES, name) ? HASHES[name] : undefined);

export const isHash = (name: string): boolean => found(name) !== undefined;
export const hashNames: readonly string[] = Object.keys(HASHES);

/** Callers have asked {@link isHash}. */
function known(name: string): readonly [algorithm: string, bytes: number] {
  const entry = found(name);
  if (!entry) throw new RangeError(`unknown hash ${name}`);
  return entry;
}

export const hashBytes = (name: string): number => known(name)[1];

/** In one call: half the time of a Hash object, and the splitter makes thousands for one key. */
export function hashOf(name: string, data: Uint8Array): Uint8Array {
  return plain(hash(known(name)[0], data, 'buffer'));
}

const pbkdf2Async = promisify(pbkdf2);

/** node:crypto takes no more iterations than fit 31 bits. */
export const MAX_PBKDF2_ITERATIONS = 2 ** 31 - 1;

/** In libuv's pool: the event loop stays free. */
export async function derivePbkdf2(
  name: string,
  secret: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  bytes: number,
): Promise<Uint8Array> {
  return plain(await pbkdf2Async(secret, salt, iterations, bytes, known(name)[0]));
}
