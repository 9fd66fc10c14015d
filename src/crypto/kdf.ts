import { concat, utf8 } from '../bytes/index.ts';
import { DIGEST_BYTES, digest, type HashName, hmac } from './hash.ts';

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** The counter loop that KDFa and KDFe share; for a bit count that is no multiple of 8 the top bits of the first byte are zero. */
function counterMode(hash: HashName, bits: number, block: (counter: Uint8Array) => Uint8Array): Uint8Array {
  const bytes = Math.ceil(bits / 8);
  const blocks: Uint8Array[] = [];
  for (let i = 1; (i - 1) * DIGEST_BYTES[hash] < bytes; i++) blocks.push(block(u32(i)));
  const [first] = blocks;
  const out = (blocks.length === 1 && first ? first : concat(...blocks)).slice(0, bytes);
  if (bits % 8 !== 0 && out[0] !== undefined) out[0] &= (1 << (bits % 8)) - 1;
  return out;
}

/** TPM 2.0 Part 1 §11.4.10.2: SP 800-108 counter mode with HMAC. `bits` of output. */
export function kdfA(hash: HashName, key: Uint8Array, label: string, contextU: Uint8Array, contextV: Uint8Array, bits: number): Uint8Array {
  const tail = concat(utf8(label), Uint8Array.of(0), contextU, contextV, u32(bits));
  return counterMode(hash, bits, counter => hmac(hash, key, counter, tail));
}

/** TPM 2.0 Part 1 §11.4.10.3: the ECDH key derivation of SP 800-56A. `bits` of output. */
export function kdfE(
  hash: HashName,
  z: Uint8Array,
  label: string,
  partyUInfo: Uint8Array,
  partyVInfo: Uint8Array,
  bits: number,
): Uint8Array {
  const tail = concat(z, utf8(label), Uint8Array.of(0), partyUInfo, partyVInfo);
  return counterMode(hash, bits, counter => digest(hash, counter, tail));
}

function hashCounter(hash: HashName, seed: Uint8Array, first: number, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let i = 0; i * DIGEST_BYTES[hash] < length; i++) blocks.push(digest(hash, seed, u32(first + i)));
  return concat(...blocks).subarray(0, length);
}

/** MGF1 of PKCS#1 (RFC 8017 B.2.1): `length` bytes. */
export const mgf1 = (hash: HashName, seed: Uint8Array, length: number): Uint8Array => hashCounter(hash, seed, 0, length);

/** KDF2 of IEEE 1363a without parameters: as MGF1, counted from 1. */
export const kdf2 = (hash: HashName, seed: Uint8Array, length: number): Uint8Array => hashCounter(hash, seed, 1, length);
