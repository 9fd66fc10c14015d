import type { RandomBytes } from '../../../crypto/index.ts';

// NIST SP 800-67, Part 4 CryptDes.c: two or three keys of 8 bytes with odd parity, no weak one among them.

const withOddParity = (byte: number): number => {
  let ones = 0;
  for (let rest = byte >> 1; rest > 0; rest >>= 1) ones += rest & 1;
  return (byte & 0xfe) | (ones % 2 === 0 ? 1 : 0);
};

/** The bytes that keys with few subkeys consist of, in the first and second half; 64 such keys are weak to some degree. */
const FIRST = [0x01, 0x1f, 0xe0, 0xfe];
const SECOND = [0x01, 0x0e, 0xf1, 0xfe];

function isWeak(key: Uint8Array): boolean {
  const first = [...key.subarray(0, 4)].map(byte => FIRST.indexOf(byte));
  const second = [...key.subarray(4)].map(byte => SECOND.indexOf(byte));
  if (first.includes(-1) || first.some((index, i) => index !== second[i])) return false;
  return first.reduce((all, index) => all ^ index, 0) === 0;
}

/** Whether the TPM takes the key; its parity bits do not count. */
export function isGoodTdesKey(key: Uint8Array): boolean {
  const keys = Array.from({ length: key.length / 8 }, (_, i) => key.slice(i * 8, i * 8 + 8).map(withOddParity));
  const differ = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean => String(a) !== String(b);
  return keys.every(one => !isWeak(one)) && differ(keys[0], keys[1]) && (keys.length < 3 || differ(keys[1], keys[2]));
}

/** A fresh key. */
export function newTdesKey(bytes: number, random: RandomBytes): Uint8Array {
  for (;;) {
    const key = random(bytes).map(withOddParity);
    if (isGoodTdesKey(key)) return key;
  }
}
