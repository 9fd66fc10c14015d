import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What the manifest says of an image that the real cryptsetup made. */
export interface Recorded {
  readonly image: string;
  readonly type: 'luks1' | 'luks2';
  readonly cipher: string;
  readonly sectorSize: number;
  readonly pbkdf: string;
  readonly uuid: string;
  readonly label: string;
  readonly passphrase: string;
  readonly extraPassphrase: string | null;
  readonly volumeKeyHex: string;
  readonly payloadOffset: number;
  readonly payloadLength: number;
  readonly payloadSha256: string;
  readonly payloadFilesystem: string;
  readonly files: Readonly<Record<string, string>>;
}

export const FOLDER = fileURLToPath(new URL('../../../fixtures/observed/luks/', import.meta.url));

export const recordedVolumes = JSON.parse(readFileSync(`${FOLDER}manifest.json`, 'utf8')) as readonly Recorded[];

export const pathOf = ({ image }: Recorded): string => FOLDER + image;
export const bytesOf = (recorded: Recorded): Uint8Array => new Uint8Array(readFileSync(pathOf(recorded)));

export function recorded(image: string): Recorded {
  const found = recordedVolumes.find(volume => volume.image === image);
  if (!found) throw new Error(`no recorded volume ${image}`);
  return found;
}

/** A copy with one bit turned. */
export function flipped(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= 1 << bit;
  return copy;
}
