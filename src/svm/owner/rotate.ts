import { SimulatorError } from '../../sim/index.ts';
import {
  DIGESTS_PATH,
  type EsmBlob,
  type EsmPrivateKey,
  type EsmPublicKey,
  encodeDigests,
  esmBlobOf,
  openAttachment,
  openDigests,
  openEsmBlob,
  setProperty,
} from '../format/index.ts';
import { withFiles } from './attachments.ts';
import type { Chance } from './chance.ts';
import { lockboxFor, SYMMETRIC_KEY_BYTES } from './lockboxes.ts';
import { sealForKey, sealInto } from './seal.ts';

/**
 * A new symmetric key for the same contents and the recipients that are in the blob now, everything in its place: one that was
 * revoked and kept an old copy cannot open what follows. The real tool has nothing like it.
 * @param keys the public keys of all lockboxes but the opener's, the origin's included: the blob holds fingerprints only.
 * @throws {SimulatorError} `esm.key-missing` naming the first lockbox whose key was not given.
 */
export function rotate(blob: EsmBlob, opener: EsmPrivateKey, keys: readonly EsmPublicKey[], chance: Chance): EsmBlob {
  const old = openEsmBlob(blob, opener.privateKey);
  const fresh = chance.bytes(SYMMETRIC_KEY_BYTES);
  let { tree } = blob;
  for (const lockbox of blob.lockboxes) {
    const key = [opener, ...keys].find(candidate => lockboxFor(blob, candidate) === lockbox);
    if (!key) {
      const whose = lockbox.comment ? ` (${lockbox.comment})` : '';
      const hint = 'Give it (--pubkey), or revoke that recipient first.';
      throw new SimulatorError('esm.key-missing', { what: `the public key of ${lockbox.name}${whose} is needed`, hint });
    }
    tree = setProperty(tree, `/lockboxes/${lockbox.name}`, 'encrypted-symkey', sealForKey(fresh, key, chance));
  }
  if (blob.digests) {
    tree = sealInto(tree, DIGESTS_PATH, encodeDigests(openDigests(blob, old)), fresh, blob.digests.comment, chance);
  }
  const rotated = esmBlobOf(tree);
  if (!blob.files) return rotated;
  const files = blob.attachments.reduce(
    (whole, { name, comment }) => sealInto(whole, `/files/${name}`, openAttachment(blob, name, old), fresh, comment, chance),
    blob.files,
  );
  return withFiles(rotated, files);
}
