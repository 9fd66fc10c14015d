import type { Value } from '../../bytes/index.ts';
import type { RandomBytes, RsaKey } from '../../crypto/index.ts';
import type { TPM2_Import } from '../commands/index.ts';
import { encryptSecret, sensitiveToDuplicate } from '../model/keys/protection.ts';
import { nameOf } from '../names.ts';
import { EMPTY } from '../session-crypto.ts';
import { TPM_ALG, type TPMT_PUBLIC, type TPMT_SENSITIVE } from '../wire/index.ts';

export type ImportParams = { readonly [K in keyof (typeof TPM2_Import)['params']]: Value<(typeof TPM2_Import)['params'][K]> };

const INNER = { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB } as const;

/**
 * The parameters of TPM2_Import for a key from outside, as a manufacturer would bring it: with the inner wrapper (AES-128-CFB) and
 * the outer one (a seed encrypted to the new parent), both of which encryptedDuplication asks for (Part 1 §23.3,
 * docs/reference/decisions.md#a-given-wrapping-key).
 */
export function duplicateForImport(
  objectPublic: TPMT_PUBLIC,
  sensitive: TPMT_SENSITIVE,
  parent: TPMT_PUBLIC,
  random: RandomBytes,
): ImportParams {
  const encryptionKey = random(INNER.keyBits / 8);
  const { secret: seed, encrypted: inSymSeed } = encryptSecret(parent, 'DUPLICATE', random);
  const inner = { symmetric: INNER, key: encryptionKey };
  const duplicate = sensitiveToDuplicate(objectPublic, nameOf(objectPublic), sensitive, inner, { parent, seed });
  return { encryptionKey, objectPublic, duplicate, inSymSeed, symmetricAlg: INNER };
}

/** The sensitive area of an RSA key from outside. */
export const rsaSensitive = ({ p }: Pick<RsaKey, 'p'>, authValue: Uint8Array): TPMT_SENSITIVE => ({
  sensitiveType: TPM_ALG.RSA,
  authValue,
  seedValue: EMPTY,
  sensitive: p,
});
