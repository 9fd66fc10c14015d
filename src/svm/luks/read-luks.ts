import { LuksError } from './fault.ts';
import { readLuks1 } from './luks1/read-luks1.ts';
import { magicOf, PRIMARY_MAGIC } from './luks2/header.ts';
import { hasSecondary, readLuks2 } from './luks2/read-luks2.ts';
import type { ByteSource } from './source.ts';
import type { LuksVolume } from './volume.ts';

/**
 * Reads the header of a volume, LUKS1 or LUKS2. No passphrase is needed.
 * @throws {LuksError} when it is none or cannot be read: fault, field and byte.
 */
export function readLuks(image: ByteSource): LuksVolume {
  const isPrimary = image.size >= 8 && magicOf(image.read(0, 6)) === PRIMARY_MAGIC;
  if (!isPrimary) {
    // The primary header may be overwritten (by a partition table, for one) with the secondary one intact.
    if (hasSecondary(image)) return readLuks2(image);
    throw new LuksError('not-luks', 'there is no LUKS header', { image: image.name, offset: 0, field: 'magic' });
  }
  const [high = 0, low = 0] = image.read(6, 2);
  const version = high * 256 + low;
  if (version === 1) return readLuks1(image);
  if (version === 2 || hasSecondary(image)) return readLuks2(image);
  throw new LuksError('version', `LUKS version ${version}; 1 and 2 exist`, { image: image.name, offset: 6, field: 'version' });
}
