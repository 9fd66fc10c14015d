import { sameBytes } from '../../bytes/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import {
  addSubnode,
  deleteNode,
  type EsmBlob,
  type EsmPrivateKey,
  type EsmPublicKey,
  emptyFdt,
  esmBlobOf,
  type Fdt,
  type Lockbox,
  lockboxOfKey,
  ORIGIN_LOCKBOX,
  openEsmBlob,
  setProperty,
  text,
} from '../format/index.ts';
import type { Chance } from './chance.ts';
import { checkedComment } from './names-and-comments.ts';
import { sealForKey } from './seal.ts';

export const SYMMETRIC_KEY_BYTES = 32;

/** Adds a lockbox with svm-tool's calls in svm-tool's order: the place of each node and string follows from it. */
export function addLockbox(tree: Fdt, name: string, symmetricKey: Uint8Array, key: EsmPublicKey, comment: string, chance: Chance): Fdt {
  const path = `/lockboxes/${name}`;
  let grown = addSubnode(tree, '/lockboxes', name);
  grown = setProperty(grown, path, 'untrusted-comment', text(checkedComment(comment)));
  grown = setProperty(grown, path, 'encrypted-symkey', sealForKey(symmetricKey, key, chance));
  grown = addSubnode(grown, path, 'pubkey-fingerprint');
  grown = setProperty(grown, `${path}/pubkey-fingerprint`, 'algorithm', text('SHA256'));
  return setProperty(grown, `${path}/pubkey-fingerprint`, 'hash', key.fingerprint);
}

/** `svm-tool esm create`: a blob with the origin's lockbox only, and a new symmetric key inside it. */
export function createBlob(origin: EsmPublicKey, chance: Chance, comment = ''): EsmBlob {
  let tree = setProperty(emptyFdt(), '/', 'compatible', text('ibm,esm'));
  for (const name of ['file', 'digest', 'lockboxes']) tree = addSubnode(tree, '/', name);
  return esmBlobOf(addLockbox(tree, ORIGIN_LOCKBOX, chance.bytes(SYMMETRIC_KEY_BYTES), origin, comment, chance));
}

/** The lockbox of a public key, found by the canonical fingerprint or by that of the file as svm-tool writes it. */
export function lockboxFor(blob: EsmBlob, key: EsmPublicKey): Lockbox | undefined {
  const { fileFingerprint } = key;
  return (
    lockboxOfKey(blob, key.fingerprint) ?? (fileFingerprint && blob.lockboxes.find(box => sameBytes(box.fingerprint, fileFingerprint)))
  );
}

/**
 * `svm-tool esm authorize`: another recipient, as the lockbox with the next number.
 * @param opener any private key that has a lockbox in the blob.
 * @throws {SimulatorError} `esm.already-authorized`; {EsmError} when the opener does not open.
 */
export function authorize(blob: EsmBlob, recipient: EsmPublicKey, opener: EsmPrivateKey, chance: Chance, comment = ''): EsmBlob {
  const present = lockboxFor(blob, recipient);
  if (present) throw new SimulatorError('esm.already-authorized', { what: `the key has the lockbox ${present.name} already` });
  const symmetricKey = openEsmBlob(blob, opener.privateKey);
  const number = Math.max(...blob.lockboxes.map(box => box.number)) + 1;
  return esmBlobOf(addLockbox(blob.tree, `lockbox-${number}`, symmetricKey, recipient, comment, chance));
}

/**
 * `svm-tool esm revoke`: the recipient's lockbox goes, the numbers of the others stay. The symmetric key stays the same: who kept
 * an old copy of the blob can still open this one's contents. `rotate` closes that.
 * @throws {SimulatorError} `esm.not-authorized`, `esm.origin`
 */
export function revoke(blob: EsmBlob, recipient: EsmPublicKey): EsmBlob {
  const lockbox = lockboxFor(blob, recipient);
  if (!lockbox)
    throw new SimulatorError('esm.not-authorized', { what: 'no lockbox belongs to this key', hint: '`inspect` lists the lockboxes.' });
  if (lockbox.name === ORIGIN_LOCKBOX) throw new SimulatorError('esm.origin', { what: 'the origin cannot be revoked' });
  return esmBlobOf(deleteNode(blob.tree, `/lockboxes/${lockbox.name}`));
}
