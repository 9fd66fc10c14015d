import { cipherProblem, type SectorCipher, sectorCipher } from './cipher.ts';
import { LuksError } from './fault.ts';
import type { ByteSource } from './source.ts';
import type { LuksVolume } from './volume.ts';

/**
 * The decrypted payload, read as it is needed. `chunks` of it streams; `recogniseFileSystem` looks into it.
 * @param unlocked what `unlock` or `checkVolumeKey` gave: a key that fits the volume's digest.
 * @throws {LuksError} `unsupported` when the segment's cipher is not known here.
 */
export function openPayload(volume: LuksVolume, unlocked: { readonly volumeKey: Uint8Array }): ByteSource {
  const { image, segment } = volume;
  const { sectorBytes, ivTweak, offset: start, size } = segment;
  const problem = cipherProblem(segment.cipher, unlocked.volumeKey.length);
  if (problem !== undefined) throw new LuksError('unsupported', problem, { image: image.name, offset: start });
  const cipher: SectorCipher = sectorCipher(segment.cipher, unlocked.volumeKey, sectorBytes);
  return {
    name: `payload of ${image.name}`,
    size,
    read(offset, length) {
      if (offset + length > size) {
        throw new LuksError('short', `${length} bytes expected, the payload has ${size}`, { image: this.name, offset });
      }
      const first = Math.floor(offset / sectorBytes) * sectorBytes;
      const end = Math.ceil((offset + length) / sectorBytes) * sectorBytes;
      const decrypt = (at: number, bytes: number): Uint8Array => cipher.decrypt(image.read(start + at, bytes), at / 512 + ivTweak);
      if (end - first <= PIECE) return decrypt(first, end - first).subarray(offset - first, offset - first + length);
      const bytes = new Uint8Array(end - first);
      for (let at = first; at < end; at += PIECE) bytes.set(decrypt(at, Math.min(PIECE, end - at)), at - first);
      return bytes.subarray(offset - first, offset - first + length);
    },
  };
}

/** Masks and intermediate blocks of so much stay within the processor's cache. A multiple of every sector's size. */
const PIECE = 1 << 18;
