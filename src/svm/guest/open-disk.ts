import { createHash } from 'node:crypto';
import {
  type ByteSource,
  chunks,
  describeKdf,
  type FileSystem,
  LuksError,
  type LuksNotice,
  type LuksVolume,
  openPayload,
  readLuks,
  recogniseFileSystem,
  type Unlocked,
  type UnlockProgress,
  unlock,
} from '../luks/index.ts';
import type { PassphraseClient } from './passphrase-clients.ts';

/** `header`: the volume cannot be read; `client`: the client does not answer for it; the rest as `unlock` of svm/luks says. */
export const DISK_REASONS = ['no-key-slot', 'key-area', 'digest', 'header', 'client'] as const;

export type OpenedDisk =
  | {
      readonly opened: false;
      readonly reason: (typeof DISK_REASONS)[number];
      readonly why: string;
    }
  | {
      readonly opened: true;
      readonly luks: 1 | 2;
      /** The copy of the header that was used. */
      readonly header: 'primary' | 'secondary';
      readonly keyslot: number;
      readonly kdf: string;
      /** SHA-256 of the decrypted payload, hex. */
      readonly payloadSha256: string;
      readonly fileSystem?: { readonly type: string; readonly label?: string | undefined; readonly uuid?: string | undefined };
    };

/** What came of it, and what the guest would log. */
export interface DiskOpening {
  readonly disk: OpenedDisk;
  /** In one line. */
  readonly detail: string;
  readonly notices: readonly LuksNotice[];
  readonly volumeKey?: Uint8Array;
}

/** The initramfs opens the root disk: the client makes a passphrase of the attachment, cryptsetup tries the key slots with it. */
export async function openDisk(
  image: ByteSource,
  client: PassphraseClient,
  attachment: Uint8Array,
  onProgress?: (progress: UnlockProgress) => void,
): Promise<DiskOpening> {
  const volume = volumeOf(image);
  if (typeof volume === 'string') return refused('header', `the volume cannot be read: ${volume}`, []);
  const { notices, version } = volume;
  if (!client.luks.includes(version)) {
    const why = `the client answers for LUKS${client.luks.join(', ')}, this is LUKS${version}: the question stays open`;
    return refused('client', why, notices);
  }
  const unlocked = await unlock(volume, client.passphrase(attachment), onProgress ? { onProgress } : {});
  return unlocked.opened ? opened(volume, unlocked) : refused(unlocked.reason, unlocked.text, notices);
}

/** The volume; or why it is none: whoever keeps the disk may have written over its header. */
function volumeOf(image: ByteSource): LuksVolume | string {
  try {
    return readLuks(image);
  } catch (error) {
    if (!(error instanceof LuksError)) throw error;
    return error.message;
  }
}

const refused = (reason: (typeof DISK_REASONS)[number], why: string, notices: readonly LuksNotice[]): DiskOpening => ({
  disk: { opened: false, reason, why },
  detail: why,
  notices,
});

function opened(volume: LuksVolume, unlocked: Unlocked): DiskOpening {
  const payload = openPayload(volume, unlocked);
  const fileSystem = recogniseFileSystem(payload);
  const sha256 = createHash('sha256');
  for (const chunk of chunks(payload)) sha256.update(chunk);
  const { keyslot, volumeKey } = unlocked;
  const kdf = describeKdf(unlocked.kdf);
  return {
    disk: {
      opened: true,
      luks: volume.version,
      header: volume.header.which,
      keyslot,
      kdf,
      payloadSha256: sha256.digest('hex'),
      ...(fileSystem ? { fileSystem: { type: fileSystem.type, label: fileSystem.label, uuid: fileSystem.uuid } } : {}),
    },
    detail: `key slot ${keyslot} opens (${kdf}); the payload is ${inWords(fileSystem)}`,
    notices: volume.notices,
    volumeKey,
  };
}

function inWords(system: FileSystem | undefined): string {
  if (!system) return 'no file system that is known';
  const { type, label, uuid } = system;
  return [`${type}${label ? ` "${label}"` : ''}`, ...(uuid ? [`UUID ${uuid}`] : [])].join(', ');
}
