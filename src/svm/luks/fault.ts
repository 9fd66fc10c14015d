import { hex } from '../../bytes/index.ts';
import { SimulatorError } from '../../sim/index.ts';

/** What is wrong with a volume, or why it cannot be read here. */
export type LuksFault =
  | 'not-luks' // neither magic in any of the places where a header may begin
  | 'short' // the image ends inside the structure
  | 'version' // a LUKS version that does not exist
  | 'header' // a field of the binary header with a value that it may not have
  | 'checksum' // the header's own digest does not fit its bytes
  | 'json' // the JSON area is no JSON
  | 'metadata' // a field of the JSON area is missing or wrong
  | 'both-headers' // primary and secondary header are damaged
  | 'unsupported' // a cipher, hash or feature that is not read here
  | 'memory' // Argon2 asks for more memory than there is
  | 'option' // of a volume to be made
  | 'file'; // the image file cannot be read

const HINTS: Readonly<Partial<Record<LuksFault, string>>> = {
  'not-luks': 'A LUKS header begins with "LUKS" 0xba 0xbe. Is this the right image, or a partition table in front of the volume?',
  short: 'The image was cut off; copy it again.',
  checksum: 'The header was altered or overwritten.',
  'both-headers': 'Restore the header from a copy made with `cryptsetup luksHeaderBackup`. Without a header there is no way to the data.',
  memory: 'Run on a machine with more memory, or add a key slot with a lower cost (`cryptsetup luksAddKey --pbkdf-memory`).',
};

export interface LuksPlace {
  /** The image as the person named it. */
  readonly image?: string;
  /** First byte of what is wrong, from the start of the image. */
  readonly offset?: number;
  /** Field of the header: `hdr_size`, `keyslots.1.kdf.salt`. */
  readonly field?: string;
}

/** A volume that cannot be read, with the byte at which that shows. Never says a byte of a key. */
export class LuksError extends SimulatorError {
  readonly fault: LuksFault;
  readonly offset: number | undefined;
  readonly field: string | undefined;
  /** What is wrong, without the place. */
  readonly detail: string;

  constructor(fault: LuksFault, detail: string, place: LuksPlace = {}, hint = HINTS[fault]) {
    super(`luks.${fault}`, {
      where: describePlace(place),
      what: detail,
      ...(hint ? { hint } : {}),
      blame: fault === 'memory' ? 'environment' : 'input',
    });
    this.fault = fault;
    this.offset = place.offset;
    this.field = place.field;
    this.detail = detail;
  }
}

function describePlace({ image, offset, field }: LuksPlace): string {
  const byte = offset === undefined ? [] : [`byte ${offset} (${hex(offset)})`];
  return [...(image ? [image] : []), [field, ...byte].filter(Boolean).join(' at ')].filter(Boolean).join(': ') || 'volume';
}

/** Something a person should know of a volume that can be read all the same. */
export interface LuksNotice {
  readonly offset: number;
  readonly text: string;
}
