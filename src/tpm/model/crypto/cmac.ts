import { createCipheriv } from 'node:crypto';
import { concat } from '../../../bytes/index.ts';
import { type BlockCipher, cipherName, xor } from '../../../crypto/index.ts';

// NIST SP 800-38B, with its state in reach: a sequence object is saved and loaded between data.

/** What CMAC works with. */
export interface CmacKey {
  readonly cipher: BlockCipher;
  readonly key: Uint8Array;
}

/** The chaining block, then the bytes that are not worked in yet: at the least one, once there were any. */
export type RunningCmac = Uint8Array;

const blockBytesOf = ({ cipher }: CmacKey): number => (cipher === 'tdes' ? 8 : 16);

function encryptBlock({ cipher, key }: CmacKey, block: Uint8Array): Uint8Array {
  return Uint8Array.from(
    createCipheriv(cipherName(cipher, key, 'ecb'), key, null)
      .setAutoPadding(false)
      .update(block),
  );
}

export const startCmac = (key: CmacKey): RunningCmac => new Uint8Array(blockBytesOf(key));

/** Whether bytes can be the state of a CMAC under way: no more than one block waits. */
export const isCmacState = (key: CmacKey, { length }: Uint8Array): boolean =>
  length >= blockBytesOf(key) && length <= 2 * blockBytesOf(key);

export function updateCmac(key: CmacKey, state: RunningCmac, data: Uint8Array): RunningCmac {
  const block = blockBytesOf(key);
  let chain: Uint8Array = state.slice(0, block);
  const pending = concat(state.subarray(block), data);
  let at = 0;
  // The last block waits: it is worked in with a subkey.
  for (; at + block < pending.length; at += block) chain = encryptBlock(key, xor(chain, pending.subarray(at, at + block)));
  return concat(chain, pending.subarray(at));
}

export function finishCmac(key: CmacKey, state: RunningCmac): Uint8Array {
  const block = blockBytesOf(key);
  const rest = state.subarray(block);
  // libtpms takes the constant of 128-bit blocks (0x87) for TDES too, where SP 800-38B has 0x1b.
  const first = doubled(encryptBlock(key, new Uint8Array(block)));
  const whole = rest.length === block;
  const last = new Uint8Array(block);
  last.set(rest);
  if (!whole) last[rest.length] = 0x80;
  return encryptBlock(key, xor(xor(state.subarray(0, block), last), whole ? first : doubled(first)));
}

/** Twice the value in the field: a shift to the left, and a constant when a bit fell out. */
function doubled(value: Uint8Array): Uint8Array {
  const out = value.map((byte, i) => (byte << 1) | ((value[i + 1] ?? 0) >> 7));
  const end = out.length - 1;
  if (((value[0] ?? 0) & 0x80) !== 0) out[end] = (out[end] ?? 0) ^ 0x87;
  return out;
}
