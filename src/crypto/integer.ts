/** Big-endian unsigned integers as bigint. */
export function toInteger(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** The `length` big-endian bytes of a number; too small a length is our bug and throws. */
export function fromInteger(value: bigint, length: number): Uint8Array {
  const digits = value.toString(16);
  if (digits.length > length * 2) throw new RangeError(`the number needs more than ${length} bytes`);
  return Uint8Array.from(Buffer.from(digits.padStart(length * 2, '0'), 'hex'));
}

export function modInverse(a: bigint, modulus: bigint): bigint {
  let [r0, r1] = [modulus, ((a % modulus) + modulus) % modulus];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const q = r0 / r1;
    [r0, r1] = [r1, r0 - q * r1];
    [t0, t1] = [t1, t0 - q * t1];
  }
  if (r0 !== 1n) throw new RangeError('no inverse');
  return ((t0 % modulus) + modulus) % modulus;
}

export function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}
