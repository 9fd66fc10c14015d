import { generateRsa } from '../../crypto/index.ts';
import { type EsmPrivateKey, privateKeyOf, privatePem, publicPem } from '../format/index.ts';
import type { Chance } from './chance.ts';

const KEY_BITS = 2048;
const EXPONENT = 65537;

export interface GeneratedKey {
  readonly key: EsmPrivateKey;
  /** SPKI PEM */
  readonly publicPem: string;
  /** PKCS#1 PEM, encrypted when there is a passphrase. */
  readonly privatePem: string;
}

/** `svm-tool esm generate`: the owner's key pair, RSA-2048. */
export function generateKey(chance: Chance, passphrase = ''): GeneratedKey {
  const key = privateKeyOf(generateRsa(KEY_BITS, EXPONENT, count => chance.bytes(count)));
  return { key, publicPem: publicPem(key), privatePem: privatePem(key, passphrase, chance) };
}
