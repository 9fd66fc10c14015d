import { createCipheriv, createDecipheriv } from 'node:crypto';
import { TPM_ALG } from '../wire/index.ts';

// Part 1 §11.4.9, NIST SP 800-38A: AES in all modes; what must be told to go on with the next data is the IV.

const BLOCK = 16;
const MODES: Readonly<Record<number, string>> = {
  [TPM_ALG.CTR]: 'ctr',
  [TPM_ALG.OFB]: 'ofb',
  [TPM_ALG.CBC]: 'cbc',
  [TPM_ALG.CFB]: 'cfb',
  [TPM_ALG.ECB]: 'ecb',
};

export interface Crypted {
  readonly data: Uint8Array;
  /** The IV with which the next data continue. */
  readonly iv: Uint8Array;
}

/** En- or decrypts. CBC and ECB take whole blocks; ECB has no IV. */
export function cryptBlocks(decrypt: boolean, key: Uint8Array, mode: number, iv: Uint8Array, data: Uint8Array): Crypted {
  const name = MODES[mode];
  if (name === undefined) throw new RangeError(`0x${mode.toString(16)} is no mode of a block cipher`);
  const make = decrypt ? createDecipheriv : createCipheriv;
  const cipher = make(`aes-${key.length * 8}-${name}`, key, mode === TPM_ALG.ECB ? null : iv).setAutoPadding(false);
  // With zeros behind it, a last block that is not whole shows the rest of its key stream.
  const whole = new Uint8Array(Math.ceil(data.length / BLOCK) * BLOCK);
  whole.set(data);
  const out = Uint8Array.from(Buffer.concat([cipher.update(whole), cipher.final()]));
  const last = { input: whole.slice(-BLOCK), output: out.slice(-BLOCK), bytes: data.length % BLOCK || BLOCK };
  return { data: out.slice(0, data.length), iv: data.length === 0 ? iv : nextIv(decrypt, mode, iv, last, whole.length / BLOCK) };
}

interface LastBlock {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  /** How many bytes of it are data. */
  readonly bytes: number;
}

/** The IV as OpenSSL leaves it. */
function nextIv(decrypt: boolean, mode: number, iv: Uint8Array, { input, output, bytes }: LastBlock, blocks: number): Uint8Array {
  switch (mode) {
    case TPM_ALG.CBC:
    case TPM_ALG.CFB: // ciphertext, then key stream that was not used
      return decrypt ? input.map((byte, i) => (i < bytes ? byte : (output[i] ?? 0))) : output;
    case TPM_ALG.OFB: // key stream
      return input.map((byte, i) => byte ^ (output[i] ?? 0));
    case TPM_ALG.CTR:
      return counted(iv, blocks);
    default:
      return iv;
  }
}

function counted(iv: Uint8Array, blocks: number): Uint8Array {
  const sum = BigInt(`0x${Buffer.from(iv).toString('hex')}`) + BigInt(blocks);
  return Uint8Array.from(Buffer.from(BigInt.asUintN(128, sum).toString(16).padStart(32, '0'), 'hex'));
}
