import { createPublicKey, type KeyObject } from 'node:crypto';
import { sameBytes } from '../../../bytes/index.ts';
import { DIGESTS_PATH, type EsmBlob, FILES_WHERE, type Lockbox, type SealedItem } from './blob.ts';
import { isAesKey, openGcm, openOaep } from './decrypt.ts';
import { decodeDigests, type EsmDigests } from './digests.ts';
import { EsmError } from './error.ts';
import { fingerprintOf } from './fingerprint.ts';

/** The lockbox of a key, by fingerprint. */
export function lockboxOfKey(blob: EsmBlob, fingerprint: Uint8Array): Lockbox | undefined {
  return blob.lockboxes.find(box => sameBytes(box.fingerprint, fingerprint));
}

/**
 * The symmetric key out of one lockbox.
 * @throws {EsmError} `wrong-key` or `key-size`.
 */
export function openLockbox(lockbox: Lockbox, privateKey: KeyObject): Uint8Array {
  const symmetricKey = openOaep(lockbox.encryptedSymkey, privateKey);
  const path = `/lockboxes/${lockbox.name}`;
  if (!symmetricKey) throw new EsmError('wrong-key', path, lockbox.offset, 'the private key does not open this lockbox');
  if (!isAesKey(symmetricKey)) throw new EsmError('key-size', path, lockbox.offset, `it holds ${symmetricKey.length} bytes, no AES key`);
  return symmetricKey;
}

/**
 * The symmetric key out of the lockbox that belongs to a private key.
 * @throws {EsmError} `no-lockbox`, `wrong-key` or `key-size`.
 */
export function openEsmBlob(blob: EsmBlob, privateKey: KeyObject): Uint8Array {
  const lockbox = lockboxOfKey(blob, fingerprintOf(createPublicKey(privateKey)));
  if (!lockbox) throw new EsmError('no-lockbox', '/lockboxes', undefined, 'no lockbox has the fingerprint of this key');
  return openLockbox(lockbox, privateKey);
}

function open(item: SealedItem, symmetricKey: Uint8Array, path: string): Uint8Array {
  const plaintext = openGcm(item, symmetricKey);
  if (!plaintext) throw new EsmError('tampered', path, item.offset, 'the authentication tag does not fit: altered, or of another blob');
  return plaintext;
}

/** @throws {EsmError | DecodeError} `no-digests`, `tampered`, or the decrypted tree is not as it should be. */
export function openDigests(blob: EsmBlob, symmetricKey: Uint8Array): EsmDigests {
  if (!blob.digests) throw new EsmError('no-digests', DIGESTS_PATH, undefined, 'the blob has no digests yet');
  return decodeDigests(open(blob.digests, symmetricKey, DIGESTS_PATH));
}

/** @throws {EsmError} `no-file` or `tampered`. */
export function openAttachment(blob: EsmBlob, name: string, symmetricKey: Uint8Array): Uint8Array {
  const found = blob.attachments.find(item => item.name === name);
  if (!found) throw new EsmError('no-file', `${FILES_WHERE}/files/${name}`, undefined, 'no attachment has this name');
  return open(found, symmetricKey, `${FILES_WHERE}/files/${name}`);
}
