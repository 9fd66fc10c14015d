import { DecodeError, decode, encode } from '../../../bytes/index.ts';
import type { RandomBytes } from '../../../crypto/index.ts';
import { rcOfFault, refuse } from '../../refusal.ts';
import { TPM2B_DIGEST, type TPMT_PUBLIC } from '../../wire/index.ts';
import { encryptSecret, protectorOf, unwrapOuter, wrapOuter } from './protection.ts';

// Part 1 §24: a credential that only a TPM with both keys can read: the one it is encrypted to, and the one it is about.

export function makeCredential(
  key: TPMT_PUBLIC,
  objectName: Uint8Array,
  credential: Uint8Array,
  random: RandomBytes,
): { credentialBlob: Uint8Array; secret: Uint8Array } {
  const { secret: seed, encrypted } = encryptSecret(key, 'IDENTITY', random);
  const credentialBlob = wrapOuter(protectorOf(key, seed), objectName, encode(TPM2B_DIGEST, credential), null);
  return { credentialBlob, secret: encrypted };
}

/** Refuses with INTEGRITY when it is about another object or for another key. */
export function readCredential(key: TPMT_PUBLIC, objectName: Uint8Array, credentialBlob: Uint8Array, seed: Uint8Array): Uint8Array {
  const bytes = unwrapOuter(protectorOf(key, seed), objectName, credentialBlob, false);
  try {
    return decode(TPM2B_DIGEST, bytes);
  } catch (error) {
    if (error instanceof DecodeError) refuse(rcOfFault(error));
    throw error;
  }
}
