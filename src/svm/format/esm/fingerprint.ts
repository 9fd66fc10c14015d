import type { KeyObject } from 'node:crypto';
import { utf8 } from '../../../bytes/index.ts';
import { digest, publicKeyObject } from '../../../crypto/index.ts';

/** The canonical PEM of a public key: SubjectPublicKeyInfo, 64 characters a line, a newline at the end. */
export const spkiPem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

/** SHA-256 over the canonical PEM text: what svm-tool compares when it is given a private key. */
export const fingerprintOf = (publicKey: KeyObject): Uint8Array => digest('sha256', utf8(spkiPem(publicKey)));

/** The same from modulus and exponent, as a TPM's public area has them. */
export const keyFingerprint = (n: Uint8Array, e: number): Uint8Array => fingerprintOf(publicKeyObject(n, e));
