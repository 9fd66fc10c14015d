import { createCipheriv, createDecipheriv } from 'node:crypto';
import { type BlockCipher, cipherName } from '../../../crypto/index.ts';
import { TPM_ALG } from '../../wire/index.ts';

// Part 1 §11.4.9, NIST SP 800-38A: block ciphers in all modes; what must be told to go on with the next data is the IV.

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
export function cryptBlocks(
  { cipher, key }: { readonly cipher: BlockCipher; readonly key: Uint8Array },
  decrypt: boolean,
  mode: number,
  iv: Uint8Array,
  data: Uint8Array,
): Crypted {
  const name = MODES[mode];
  if (name === undefined) throw new RangeError(`0x${mode.toString(16)} is no mode of a block cipher`);
  const block = cipher === 'tdes' ? 8 : 16;
  // With zeros behind it, a last block that is not whole shows the rest of its key stream.
  const whole = new Uint8Array(Math.ceil(data.length / block) * block);
  whole.set(data);
  const out = cipher === 'tdes' && mode === TPM_ALG.CTR ? tdesCtr(key, iv, whole) : run(whole);
  const last = { input: whole.slice(-block), output: out.slice(-block), bytes: data.length % block || block };
  return { data: out.slice(0, data.length), iv: data.length === 0 ? iv : nextIv(decrypt, mode, iv, last, whole.length / block) };

  function run(blocks: Uint8Array): Uint8Array {
    const make = decrypt ? createDecipheriv : createCipheriv;
    const crypt = make(cipherName(cipher, key, name ?? ''), key, mode === TPM_ALG.ECB ? null : iv).setAutoPadding(false);
    return Uint8Array.from(Buffer.concat([crypt.update(blocks), crypt.final()]));
  }
}

/** OpenSSL has no counter mode of TDES: here it is, from single blocks. */
function tdesCtr(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array {
  const counters = new Uint8Array(blocks.length);
  for (let at = 0; at < blocks.length; at += 8) counters.set(counted(iv, at / 8), at);
  const cipher = createCipheriv(cipherName('tdes', key, 'ecb'), key, null).setAutoPadding(false);
  const stream = cipher.update(counters);
  return blocks.map((byte, i) => byte ^ (stream[i] ?? 0));
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
  const digits = iv.length * 2;
  return Uint8Array.from(
    Buffer.from(
      BigInt.asUintN(iv.length * 8, sum)
        .toString(16)
        .padStart(digits, '0'),
      'hex',
    ),
  );
}
