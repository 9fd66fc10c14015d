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
  const out = Uint8Array.from(Buffer.concat([cipher.update(data), cipher.final()]));
  return { data: out, iv: nextIv(mode, iv, decrypt ? data : out, decrypt ? out : data) };
}

function nextIv(mode: number, iv: Uint8Array, ciphertext: Uint8Array, plaintext: Uint8Array): Uint8Array {
  if (ciphertext.length === 0) return iv;
  switch (mode) {
    case TPM_ALG.CBC:
    case TPM_ALG.CFB:
      return lastBlock(ciphertext);
    case TPM_ALG.OFB: // the last block of key stream
      return lastBlock(ciphertext.map((byte, i) => byte ^ (plaintext[i] ?? 0)));
    case TPM_ALG.CTR:
      return counted(iv, Math.ceil(ciphertext.length / BLOCK));
    default:
      return iv;
  }
}

/** A block that is not whole is filled up with zeros. */
function lastBlock(bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK);
  block.set(bytes.slice(Math.floor((bytes.length - 1) / BLOCK) * BLOCK));
  return block;
}

function counted(iv: Uint8Array, blocks: number): Uint8Array {
  const sum = BigInt(`0x${Buffer.from(iv).toString('hex')}`) + BigInt(blocks);
  return Uint8Array.from(Buffer.from(BigInt.asUintN(128, sum).toString(16).padStart(32, '0'), 'hex'));
}
