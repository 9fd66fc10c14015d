import { hashBytes, hashOf } from './hashes.ts';

/** What the anti-forensic splitter needs of chance when it splits. `Random` of sim/ satisfies it. */
export interface Chance {
  bytes(count: number): Uint8Array;
}

/**
 * LUKS1 On-Disk Format §2.4 (LUKS2 §3.2.2 calls it AF type "luks1"): the key is the XOR of all stripes, with a diffusion after each, so
 * that losing any one sector of the key area loses the key.
 */
export function afMerge(material: Uint8Array, stripes: number, hash: string): Uint8Array {
  const size = material.length / stripes;
  const last = (stripes - 1) * size;
  const running = accumulate(material, stripes, size, hash);
  for (let i = 0; i < size; i++) running[i]! ^= material[last + i]!;
  return running;
}

/** The other way: all stripes but the last are random, the last makes the XOR come out. */
export function afSplit(key: Uint8Array, stripes: number, hash: string, chance: Chance): Uint8Array {
  const material = new Uint8Array(key.length * stripes);
  material.set(chance.bytes(key.length * (stripes - 1)));
  const running = accumulate(material, stripes, key.length, hash);
  const last = (stripes - 1) * key.length;
  for (let i = 0; i < key.length; i++) material[last + i] = running[i]! ^ key[i]!;
  return material;
}

function accumulate(material: Uint8Array, stripes: number, size: number, hash: string): Uint8Array {
  let running: Uint8Array = new Uint8Array(size);
  for (let stripe = 0; stripe < stripes - 1; stripe++) {
    const at = stripe * size;
    for (let i = 0; i < size; i++) running[i]! ^= material[at + i]!;
    running = diffuse(running, hash);
  }
  return running;
}

/** Each block of the hash's size is replaced by H(number of the block, 32 bits big-endian || block); the last may be shorter. */
function diffuse(bytes: Uint8Array, hash: string): Uint8Array {
  const width = hashBytes(hash);
  const out = new Uint8Array(bytes.length);
  for (let at = 0, block = 0; at < bytes.length; at += width, block++) {
    const part = bytes.subarray(at, at + width);
    const input = new Uint8Array(4 + part.length);
    input[3] = block; // a key has fewer than 256 blocks
    input.set(part, 4);
    out.set(hashOf(hash, input).subarray(0, part.length), at);
  }
  return out;
}
