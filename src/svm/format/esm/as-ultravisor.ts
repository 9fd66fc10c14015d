import { type Fdt, findNode, findProperty, propertyOf } from '../fdt/index.ts';

// The properties as the Ultravisor takes them: only what it reads, nothing else is looked at (svm/svm-esmb.c, svm/svm-crypto.c).

/** What stands in a node for something encrypted. */
export interface Encrypted {
  /** 16 bytes in real blobs; J0 is GHASH of it. */
  readonly iv: Uint8Array;
  /** 16 bytes */
  readonly mac: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** The result of RSA-OAEP in a lockbox, such as `lockbox-1`. */
export function encryptedSymkey(blob: Fdt, lockbox: string): Uint8Array | undefined {
  return findProperty(blob, `/lockboxes/${lockbox}`, 'encrypted-symkey');
}

/** The lockbox names in tree order, and each one's fingerprint if it has one. */
export function lockboxFingerprints(blob: Fdt): { readonly lockbox: string; readonly fingerprint: Uint8Array | undefined }[] {
  return (findNode(blob, '/lockboxes')?.children ?? []).map(({ name, children }) => ({
    lockbox: name,
    fingerprint: propertyOf(
      children.find(child => child.name === 'pubkey-fingerprint'),
      'hash',
    )?.value,
  }));
}

/** `algorithm` must be there; its value is not compared. */
export function encryptedAt(tree: Fdt, path: string): Encrypted | undefined {
  const node = findNode(tree, path);
  const [iv, mac, ciphertext, algorithm] = ['iv', 'mac', 'ciphertext', 'algorithm'].map(name => propertyOf(node, name)?.value);
  return iv && mac && ciphertext && algorithm ? { iv, mac, ciphertext } : undefined;
}

export const encryptedDigests = (blob: Fdt): Encrypted | undefined => encryptedAt(blob, '/digest/digests-fdt');

/** The tree of attachments, still as bytes. */
export const filesFdt = (blob: Fdt): Uint8Array | undefined => findProperty(blob, '/file', 'files-fdt');

/** One attachment of the tree of attachments. */
export const encryptedFile = (files: Fdt, name: string): Encrypted | undefined => encryptedAt(files, `/files/${name}`);

/** The decrypted digests; a property that is absent stays undefined: the Ultravisor stops there, not before. */
export interface DigestProperties {
  readonly rtas: Uint8Array | undefined;
  readonly kernel: Uint8Array | undefined;
  /** As it stands there: one cell, the number of bytes. */
  readonly kernelSize: Uint8Array | undefined;
  readonly initrd: Uint8Array | undefined;
  readonly bootargs: Uint8Array | undefined;
  /** SHA-512 of the files tree: no published tool writes it (docs/reference/decisions.md#limits-of-hardening). */
  readonly files: Uint8Array | undefined;
}

export function digestProperties(digests: Fdt): DigestProperties {
  const node = findNode(digests, '/digests');
  const value = (name: string) => propertyOf(node, name)?.value;
  return {
    rtas: value('rtas'),
    kernel: value('kernel'),
    kernelSize: value('kernel-size'),
    initrd: value('initrd'),
    bootargs: value('bootargs'),
    files: value('files'),
  };
}
