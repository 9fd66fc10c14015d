import { decode, hex } from '../../../bytes/index.ts';
import { cipherProblem } from '../cipher.ts';
import { LuksError, type LuksFault } from '../fault.ts';
import { hashNames, isHash, MAX_PBKDF2_ITERATIONS } from '../hashes.ts';
import { textOf } from '../luks2/header.ts';
import type { ByteSource } from '../source.ts';
import type { Keyslot, LuksVolume } from '../volume.ts';
import { FIELD_OFFSETS, HEADER_BYTES, KEY_DISABLED, KEY_ENABLED, keyslotOffset, luks_phdr } from './header.ts';

const SECTOR = 512;

type Fail = (fault: LuksFault, field: string, offset: number, detail: string) => never;

/**
 * Reads a LUKS1 header. It has neither checksum nor second copy: what can be checked is that each field has a value it may have.
 * @throws {LuksError} with the field and its first byte.
 */
export function readLuks1(image: ByteSource): LuksVolume {
  const fail: Fail = (fault, field, offset, detail) => {
    throw new LuksError(fault, detail, { image: image.name, offset, field });
  };
  const header = decode(luks_phdr, image.read(0, HEADER_BYTES));
  const wrong = (field: keyof typeof FIELD_OFFSETS, detail: string, fault: LuksFault = 'header'): never =>
    fail(fault, field, FIELD_OFFSETS[field], detail);
  const hash = textOf(header['hash-spec']);
  if (!isHash(hash)) wrong('hash-spec', `the hash is none of ${hashNames.join(', ')}`, 'unsupported');
  const keyBytes = header['key-bytes'];
  if (keyBytes < 1 || keyBytes > 512) wrong('key-bytes', `a volume key of ${keyBytes} bytes`);
  const cipher = `${textOf(header['cipher-name'])}-${textOf(header['cipher-mode'])}`;
  const problem = cipherProblem(cipher, keyBytes);
  if (problem !== undefined) wrong('cipher-name', printable(problem), 'unsupported');
  const offset = header['payload-offset'] * SECTOR;
  if (offset === 0) wrong('payload-offset', 'is 0: the data lie on another device (detached header)', 'unsupported');
  if (offset < HEADER_BYTES || offset > image.size) wrong('payload-offset', `byte ${offset} is not between header and end of the image`);
  const iterations = header['mk-digest-iter'];
  if (iterations < 1 || iterations > MAX_PBKDF2_ITERATIONS) wrong('mk-digest-iter', `${iterations} iterations`);
  const keyslots = readKeyslots(header, { hash, keyBytes, cipher, end: offset }, fail);
  return {
    version: 1,
    uuid: textOf(header.uuid),
    label: '',
    subsystem: '',
    keyslots,
    segment: { offset, size: Math.floor((image.size - offset) / SECTOR) * SECTOR, cipher, sectorBytes: SECTOR, ivTweak: 0 },
    digest: {
      hash,
      iterations,
      salt: header['mk-digest-salt'],
      digest: header['mk-digest'],
      offset: FIELD_OFFSETS['mk-digest'],
      keyslots: keyslots.map(({ number }) => number),
    },
    header: { which: 'primary', offset: 0, size: HEADER_BYTES },
    notices: [],
    image,
  };
}

interface Common {
  readonly hash: string;
  readonly keyBytes: number;
  readonly cipher: string;
  /** First byte of the payload: key material ends before it. */
  readonly end: number;
}

function readKeyslots(header: luks_phdr, { hash, keyBytes, cipher, end }: Common, fail: Fail): Keyslot[] {
  const slots: Keyslot[] = [];
  for (const [number, slot] of header['key-slots'].entries()) {
    const at = keyslotOffset(number);
    const field = `key-slots.${number}`;
    if (slot.active === KEY_DISABLED) continue;
    if (slot.active !== KEY_ENABLED) fail('header', `${field}.active`, at, `${hex(slot.active, 8)} is neither enabled nor disabled`);
    const { iterations, stripes, salt } = slot;
    if (iterations < 1 || iterations > MAX_PBKDF2_ITERATIONS) fail('header', `${field}.iterations`, at + 4, `${iterations} iterations`);
    const offset = slot['key-material-offset'] * SECTOR;
    const size = Math.ceil((keyBytes * stripes) / SECTOR) * SECTOR;
    if (stripes < 1 || offset + size > end)
      fail('header', `${field}.stripes`, at + 44, `${stripes} stripes from byte ${offset} on reach into the payload`);
    if (offset < HEADER_BYTES) fail('header', `${field}.key-material-offset`, at + 40, `byte ${offset} lies in the header`);
    const other = slots.find(({ area }) => offset < area.offset + area.size && area.offset < offset + size);
    if (other) fail('header', `${field}.key-material-offset`, at + 40, `overlaps key slot ${other.number}`);
    const kdf = { type: 'pbkdf2', hash, iterations, salt } as const;
    slots.push({ number, priority: 'normal', keyBytes, kdf, stripes, afHash: hash, area: { offset, size, cipher, keyBytes } });
  }
  return slots;
}

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');
