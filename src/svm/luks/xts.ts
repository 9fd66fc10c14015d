import { createCipheriv, createDecipheriv } from 'node:crypto';

type Direction = 'encrypt' | 'decrypt';

/**
 * AES-XTS (IEEE 1619) of many sectors at once. node:crypto's own XTS takes one sector a call and costs more to set up than the 512 bytes
 * of a sector to decrypt; so the tweaks of all sectors are made by one AES-ECB call, multiplied here, and all blocks go through another:
 * several times as fast. Sectors are whole blocks, so ciphertext stealing never happens.
 * @param tweaks the sectors' tweaks, 16 bytes each.
 */
export function xts(direction: Direction, key: Uint8Array, tweaks: Uint8Array, sectorBytes: number, data: Uint8Array): Uint8Array {
  const half = key.length / 2;
  const [dataKey, tweakKey] = [key.subarray(0, half), key.subarray(half)];
  // From here on the set-up is cheaper than our arithmetic. OpenSSL refuses halves that are the same; dm-crypt does not.
  if (sectorBytes >= 4096 && Buffer.compare(dataKey, tweakKey) !== 0) return eachSector(direction, key, tweaks, sectorBytes, data);
  const masks = new Uint32Array(data.length / 4);
  const input = masked(wordsOf(data), wordsOf(ecb('encrypt', tweakKey, tweaks)), sectorBytes / 16, masks);
  const output = wordsOf(ecb(direction, dataKey, bytesOf(input)));
  for (let i = 0; i < input.length; i++) input[i] = output[i]! ^ masks[i]!;
  return bytesOf(input);
}

/** IEEE 1619 §5.2: block j of a sector is masked with T * a^j in GF(2^128), T little-endian. Also fills in the masks. */
function masked(data: Uint32Array, tweaks: Uint32Array, blocks: number, masks: Uint32Array): Uint32Array {
  const out = new Uint32Array(data.length);
  for (let sector = 0, at = 0; sector < tweaks.length; sector += 4) {
    let a = tweaks[sector]! | 0;
    let b = tweaks[sector + 1]! | 0;
    let c = tweaks[sector + 2]! | 0;
    let d = tweaks[sector + 3]! | 0;
    for (let block = 0; block < blocks; block++, at += 4) {
      masks[at] = a;
      masks[at + 1] = b;
      masks[at + 2] = c;
      masks[at + 3] = d;
      out[at] = data[at]! ^ a;
      out[at + 1] = data[at + 1]! ^ b;
      out[at + 2] = data[at + 2]! ^ c;
      out[at + 3] = data[at + 3]! ^ d;
      const carry = (d >> 31) & 0x87;
      d = (d << 1) | (c >>> 31);
      c = (c << 1) | (b >>> 31);
      b = (b << 1) | (a >>> 31);
      a = (a << 1) ^ carry;
    }
  }
  return out;
}

function eachSector(direction: Direction, key: Uint8Array, tweaks: Uint8Array, sectorBytes: number, data: Uint8Array): Uint8Array {
  const algorithm = `aes-${key.length * 4}-xts`;
  const make = direction === 'encrypt' ? createCipheriv : createDecipheriv;
  const out = new Uint8Array(data.length);
  for (let i = 0; i * sectorBytes < data.length; i++) {
    const cipher = make(algorithm, key, tweaks.subarray(i * 16, i * 16 + 16));
    out.set(cipher.update(data.subarray(i * sectorBytes, (i + 1) * sectorBytes)), i * sectorBytes);
  }
  return out;
}

function ecb(direction: Direction, key: Uint8Array, data: Uint8Array): Uint8Array {
  const algorithm = `aes-${key.length * 8}-ecb`;
  const cipher = direction === 'encrypt' ? createCipheriv(algorithm, key, null) : createDecipheriv(algorithm, key, null);
  return cipher.setAutoPadding(false).update(data);
}

/** 32-bit words over the same memory, or over a copy where they are not aligned. The shifts above want a little-endian machine. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}

const bytesOf = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
