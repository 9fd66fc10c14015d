import { createCipheriv } from 'node:crypto';
import { concat, toHex, utf8 } from '../../../bytes/index.ts';
import { spkiPem } from '../esm/fingerprint.ts';
import type { EsmPrivateKey, EsmPublicKey } from './key.ts';
import { legacyKey } from './passphrase.ts';
import { writePem } from './pem.ts';

/** SPKI PEM, as `svm-tool esm generate` writes public keys. */
export const publicPem = (key: EsmPublicKey): string => spkiPem(key.key);

/**
 * PKCS#1 PEM, as `svm-tool esm generate` writes private keys; with a passphrase in OpenSSL's old form under DES-EDE3-CBC.
 * @param random gives the 8 bytes of the initialisation vector.
 */
export function privatePem(key: EsmPrivateKey, passphrase: string, random: { bytes(count: number): Uint8Array }): string {
  const der = new Uint8Array(key.privateKey.export({ type: 'pkcs1', format: 'der' }));
  if (passphrase === '') return writePem('RSA PRIVATE KEY', der);
  const iv = random.bytes(8);
  const cipher = createCipheriv('des-ede3-cbc', legacyKey(utf8(passphrase), iv, 24), iv);
  const encrypted = concat(cipher.update(der), cipher.final());
  return writePem('RSA PRIVATE KEY', encrypted, ['Proc-Type: 4,ENCRYPTED', `DEK-Info: DES-EDE3-CBC,${toHex(iv).toUpperCase()}`]);
}
