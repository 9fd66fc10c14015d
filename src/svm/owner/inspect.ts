import { toHex } from '../../bytes/index.ts';
import {
  ESM_LIMITS,
  type EsmBlob,
  type EsmDigests,
  type EsmPrivateKey,
  type EsmPublicKey,
  filesFdt,
  lockboxOfKey,
  ORIGIN_LOCKBOX,
  openAttachment,
  openDigests,
  openEsmBlob,
  writeEsmBlob,
} from '../format/index.ts';
import { lockboxFor } from './lockboxes.ts';

/** A public key by the name that the person knows it by. */
export interface NamedKey {
  readonly name: string;
  readonly key: EsmPublicKey;
}

export interface InspectedLockbox {
  readonly name: string;
  readonly role: 'origin' | 'recipient';
  readonly fingerprint: string;
  readonly comment: string;
  /** Whose public key it is, of those that were given. */
  readonly key?: string;
}

/** What can be said of a blob. Digests and fingerprints are hex, sizes in bytes. No member is secret. */
export interface Inspection {
  readonly bytes: number;
  readonly lockboxes: readonly InspectedLockbox[];
  /** Null: the blob has none yet. `opened` with a key that opens a lockbox. */
  readonly digests: {
    readonly comment: string;
    readonly opened?: { readonly [item in keyof EsmDigests]: item extends 'kernelSize' ? number : string };
  } | null;
  readonly attachments: readonly { readonly name: string; readonly size: number; readonly comment: string }[];
  readonly filesTreeBytes: number | null;
  /** The lockbox that the given key opens: the digests and every attachment are authentic under its symmetric key. */
  readonly openedBy?: string;
  /** What may be a surprise on a real machine. */
  readonly notices: readonly string[];
  /** What anyone who has the blob can read or change. */
  readonly unprotected: readonly string[];
}

/** True of every blob: the format has no authentication of the whole (docs/reference/pef.md#esm-blob). */
const UNPROTECTED: readonly string[] = [
  'Anyone can read: how many lockboxes there are, their fingerprints, names and sizes of the attachments, all comments.',
  'Anyone can change comments and fingerprints, remove lockboxes and attachments, rename attachments, or bring back an older one.',
  'Protected: the digests and the contents of each attachment, against reading and against changes.',
];

/**
 * What a person wants to know of a blob.
 * @param opener when given, it must open a lockbox; digests and attachments are then decrypted, which shows that they are authentic.
 * @throws {EsmError | DecodeError} when the opener does not open, or `tampered`.
 */
export function inspectBlob(blob: EsmBlob, keys: readonly NamedKey[] = [], opener?: EsmPrivateKey): Inspection {
  const symmetricKey = opener && openEsmBlob(blob, opener.privateKey);
  const opened = symmetricKey && blob.digests ? { opened: hexDigests(openDigests(blob, symmetricKey)) } : {};
  if (symmetricKey) for (const { name } of blob.attachments) openAttachment(blob, name, symmetricKey);
  const openedBy = opener && lockboxOfKey(blob, opener.fingerprint)?.name;
  return {
    bytes: writeEsmBlob(blob).length,
    lockboxes: inOrder(blob).map(lockbox => {
      const owner = keys.find(({ key }) => lockboxFor(blob, key) === lockbox);
      const { name, fingerprint, comment } = lockbox;
      const role = name === ORIGIN_LOCKBOX ? 'origin' : 'recipient';
      return { name, role, fingerprint: toHex(fingerprint), comment, ...(owner ? { key: owner.name } : {}) };
    }),
    digests: blob.digests && { comment: blob.digests.comment, ...opened },
    attachments: blob.attachments.map(({ name, ciphertext, comment }) => ({ name, size: ciphertext.length, comment })),
    filesTreeBytes: filesFdt(blob.tree)?.length ?? null,
    ...(openedBy === undefined ? {} : { openedBy }),
    notices: [...noticesOf(blob), ...strangeFingerprints(blob, keys)],
    unprotected: UNPROTECTED,
  };
}

const inOrder = ({ lockboxes }: EsmBlob) => lockboxes.toSorted((a, b) => a.number - b.number);

const hexDigests = ({ rtas, kernel, kernelSize, initrd, bootargs }: EsmDigests) => ({
  rtas: toHex(rtas),
  kernel: toHex(kernel),
  kernelSize,
  initrd: toHex(initrd),
  bootargs: toHex(bootargs),
});

/** What the blob itself tells of trouble to come. */
export function noticesOf(blob: EsmBlob): string[] {
  const notices: string[] = [];
  if (!blob.lockboxes.some(({ number }) => number > 0)) notices.push('There is no recipient: no host can open this blob.');
  else if (!blob.lockboxes.some(({ name }) => name === 'lockbox-1')) {
    notices.push('There is no lockbox-1, the only one that the published Ultravisor reads: such a host cannot open this blob.');
  }
  if (!blob.digests) notices.push('There are no digests: UV_ESM fails.');
  const filesBytes = filesFdt(blob.tree)?.length ?? 0;
  if (filesBytes > ESM_LIMITS.filesFdtBytes) {
    notices.push(`The tree of attachments has ${filesBytes} bytes; the Ultravisor's page has ${ESM_LIMITS.filesFdtBytes}.`);
  }
  for (const { name, ciphertext } of blob.attachments) {
    if (ciphertext.length > ESM_LIMITS.fileBytes) {
      notices.push(`${name}: ${ciphertext.length} bytes; the Ultravisor keeps lengths in 16 bits.`);
    } else if (ciphertext.length > ESM_LIMITS.passphraseBytes && (name === 'rootd' || name === 'crypttab')) {
      notices.push(`${name}: ${ciphertext.length} bytes; esmb-get-file puts a newline after every ${ESM_LIMITS.passphraseBytes}.`);
    }
  }
  return notices;
}

/** Lockboxes that a host looking by the canonical fingerprint does not find. */
function strangeFingerprints(blob: EsmBlob, keys: readonly NamedKey[]): string[] {
  return keys.flatMap(({ name, key }) => {
    const lockbox = lockboxFor(blob, key);
    if (!lockbox) return [`No lockbox is for ${name}.`];
    if (lockboxOfKey(blob, key.fingerprint)) return [];
    return [`${lockbox.name} has the fingerprint of the file ${name} as it is written, which is not the canonical PEM of its key.`];
  });
}
