import { LuksError, type LuksNotice } from '../fault.ts';
import type { ByteSource } from '../source.ts';
import type { LuksVolume } from '../volume.ts';
import { type HeaderCopy, readCopy } from './copy.ts';
import { describeVolume } from './describe.ts';
import { HEADER_SIZES, magicOf, SECONDARY_MAGIC } from './header.ts';

/**
 * Reads a LUKS2 header: the newer of two good copies (LUKS2 §2.2), the other one when one is damaged, which the volume's notices tell.
 * @throws {LuksError} `both-headers`, or the fault of the only copy that there is.
 */
export function readLuks2(image: ByteSource): LuksVolume {
  const primary = attempt(() => readCopy(image, 0));
  const secondary = findSecondary(image, primary);
  if (primary instanceof LuksError && secondary instanceof LuksError) throw bothDamaged(image, primary, secondary);
  if (primary instanceof LuksError) return describeVolume(image, secondary as HeaderCopy, [instead(primary, secondary as HeaderCopy)]);
  if (secondary instanceof LuksError) return describeVolume(image, primary, [unused(secondary)]);
  if (secondary.seqid > primary.seqid) {
    const text = `the primary header is older (${primary.seqid}) than the secondary one (${secondary.seqid}), which is used: an update was interrupted`;
    return describeVolume(image, secondary, [{ offset: 16, text }]);
  }
  if (secondary.seqid < primary.seqid) {
    const text = `the secondary header is older (${secondary.seqid}) than the primary one (${primary.seqid}): an update was interrupted`;
    return describeVolume(image, primary, [{ offset: secondary.offset + 16, text }]);
  }
  return describeVolume(image, primary, []);
}

/** Whether a secondary header is all that is left of a volume. */
export const hasSecondary = (image: ByteSource): boolean => HEADER_SIZES.some(offset => isSecondary(image, offset));

const isSecondary = (image: ByteSource, offset: number): boolean =>
  image.size >= offset + 6 && magicOf(image.read(offset, 6)) === SECONDARY_MAGIC;

/** Behind the primary header; when that does not say where, in all the places where one may be (§2.2). */
function findSecondary(image: ByteSource, primary: HeaderCopy | LuksError): HeaderCopy | LuksError {
  if (!(primary instanceof LuksError)) return attempt(() => readCopy(image, primary.size));
  const places = HEADER_SIZES.filter(offset => isSecondary(image, offset));
  const copies = places.map(offset => attempt(() => readCopy(image, offset)));
  const none = new LuksError('not-luks', 'secondary header: no magic in any place', {
    image: image.name,
    offset: HEADER_SIZES[0]!,
    field: 'magic',
  });
  return copies.find(copy => !(copy instanceof LuksError)) ?? copies[0] ?? none;
}

function attempt(read: () => HeaderCopy): HeaderCopy | LuksError {
  try {
    return read();
  } catch (error) {
    if (error instanceof LuksError) return error;
    throw error;
  }
}

const placed = ({ detail, field, offset }: LuksError): string => `${detail} (${field} at byte ${offset})`;

const instead = (primary: LuksError, { offset }: HeaderCopy): LuksNotice => ({
  offset: primary.offset ?? 0,
  text: `${placed(primary)}; the secondary header at byte ${offset} is used`,
});

const unused = (secondary: LuksError): LuksNotice => ({
  offset: secondary.offset ?? 0,
  text: `${placed(secondary)}; the primary header is used`,
});

function bothDamaged(image: ByteSource, primary: LuksError, secondary: LuksError): LuksError {
  const place = { image: image.name, ...(primary.offset === undefined ? {} : { offset: primary.offset }) };
  return new LuksError('both-headers', `no header can be used. ${placed(primary)}; ${placed(secondary)}`, place);
}
