import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat } from '../../bytes/index.ts';
import { hashBytes, hashOf, isHash } from './hashes.ts';
import { xts } from './xts.ts';

/** Encryption of sectors, as dm-crypt does it: a cipher specification such as `aes-xts-plain64` with a key. */
export interface SectorCipher {
  /** @param sector number of the first sector, in units of 512 bytes whatever `sectorBytes` is; whole sectors only. */
  encrypt(data: Uint8Array, sector: number): Uint8Array;
  decrypt(data: Uint8Array, sector: number): Uint8Array;
}

/** dm-crypt counts IVs in 512-byte units also for larger sectors, unless `iv_large_sectors` is set, which LUKS2 does not do (§3.3). */
const IV_UNIT = 512;

type MakeIv = (sectors: Uint8Array) => Uint8Array;

/** Whether {@link sectorCipher} knows the specification with a key of so many bytes; if not, why. */
export function cipherProblem(spec: string, keyBytes: number): string | undefined {
  const [name, mode, iv] = parse(spec);
  if (name !== 'aes' || mode === undefined || iv === undefined) return `cipher "${spec}" is not read here`;
  const aesBytes = mode === 'xts' ? keyBytes / 2 : keyBytes;
  return [16, 24, 32].includes(aesBytes) && !(mode === 'xts' && aesBytes === 24)
    ? undefined
    : `a key of ${keyBytes} bytes does not fit ${spec}`;
}

/** Callers have asked {@link cipherProblem}. */
export function sectorCipher(spec: string, key: Uint8Array, sectorBytes = IV_UNIT): SectorCipher {
  const [, mode, iv] = parse(spec);
  if (mode === undefined || iv === undefined) throw new RangeError(cipherProblem(spec, key.length));
  const makeIv = ivMaker(iv, key);
  const run = (direction: 'encrypt' | 'decrypt', data: Uint8Array, sector: number): Uint8Array => {
    const ivs = makeIv(plain64(sector, data.length / sectorBytes, sectorBytes / IV_UNIT, iv === 'plain'));
    return mode === 'xts' ? xts(direction, key, ivs, sectorBytes, data) : cbc(direction, key, ivs, sectorBytes, data);
  };
  return { encrypt: (data, sector) => run('encrypt', data, sector), decrypt: (data, sector) => run('decrypt', data, sector) };
}

function parse(spec: string): [name: string, mode?: 'xts' | 'cbc', iv?: string] {
  const [, name = '', mode, iv = ''] = /^(\w+)-(xts|cbc)-(.+)$/.exec(spec) ?? [];
  const essiv = /^essiv:(.+)$/.exec(iv)?.[1];
  const ivKnown = iv === 'plain64' || iv === 'plain' || (essiv !== undefined && isHash(essiv) && [16, 24, 32].includes(hashBytes(essiv)));
  return mode && ivKnown ? [name, mode as 'xts' | 'cbc', iv] : [name];
}

/** `plain64`: the sector's number in 64 bits, little-endian, zeros behind; `plain` the same in 32 bits. */
function plain64(sector: number, count: number, step: number, only32: boolean): Uint8Array {
  const ivs = new Uint8Array(count * 16);
  const view = new DataView(ivs.buffer);
  for (let i = 0; i < count; i++) {
    const number = sector + i * step;
    view.setUint32(i * 16, number >>> 0, true);
    if (!only32) view.setUint32(i * 16 + 4, Math.floor(number / 2 ** 32), true);
  }
  return ivs;
}

/** `essiv:HASH`: the number encrypted under the hash of the key, so that IVs are not predictable. */
function ivMaker(iv: string, key: Uint8Array): MakeIv {
  const hash = /^essiv:(.+)$/.exec(iv)?.[1];
  if (hash === undefined) return numbers => numbers;
  const salt = hashOf(hash, key);
  return numbers =>
    createCipheriv(`aes-${salt.length * 8}-ecb`, salt, null)
      .setAutoPadding(false)
      .update(numbers);
}

function cbc(direction: 'encrypt' | 'decrypt', key: Uint8Array, ivs: Uint8Array, sectorBytes: number, data: Uint8Array): Uint8Array {
  const algorithm = `aes-${key.length * 8}-cbc`;
  const make = direction === 'encrypt' ? createCipheriv : createDecipheriv;
  const sectors: Uint8Array[] = [];
  for (let i = 0; i * sectorBytes < data.length; i++) {
    const cipher = make(algorithm, key, ivs.subarray(i * 16, i * 16 + 16)).setAutoPadding(false);
    sectors.push(cipher.update(data.subarray(i * sectorBytes, (i + 1) * sectorBytes)));
  }
  return concat(...sectors);
}
