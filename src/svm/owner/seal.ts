import { encryptGcm, padOaep, rsaPublic } from '../../crypto/index.ts';
import { type EsmPublicKey, type Fdt, setProperty, text } from '../format/index.ts';
import type { Chance } from './chance.ts';

const IV_BYTES = 16; // not GCM's usual 12: svm-tool takes pycryptodome's default
const EMPTY_LABEL = new Uint8Array(0);

/** RSA-OAEP as svm-tool and the TPM have it: SHA-256, MGF1 with SHA-256, empty label. */
export function sealForKey(secret: Uint8Array, recipient: EsmPublicKey, chance: Chance): Uint8Array {
  const block = padOaep('sha256', secret, recipient.n.length, EMPTY_LABEL, count => chance.bytes(count));
  return rsaPublic(recipient.key, block);
}

/** Encrypts into the properties of a node, set in svm-tool's order (libfdt puts the last one first). */
export function sealInto(tree: Fdt, path: string, plaintext: Uint8Array, symmetricKey: Uint8Array, comment: string, chance: Chance): Fdt {
  const iv = chance.bytes(IV_BYTES);
  const { ciphertext, tag } = encryptGcm(symmetricKey, iv, plaintext);
  const properties: readonly (readonly [string, Uint8Array])[] = [
    ['algorithm', text('AES256-GCM')],
    ['untrusted-comment', text(comment)],
    ['ciphertext', ciphertext],
    ['iv', iv],
    ['mac', tag],
  ];
  return properties.reduce((whole, [name, value]) => setProperty(whole, path, name, value), tree);
}
