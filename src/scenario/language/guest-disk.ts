import { z } from 'zod';
import { fromHex } from '../../bytes/index.ts';
import type { Random } from '../../sim/index.ts';
import {
  checkRecipe,
  type FileSystemRecipe,
  fileSystemProblem,
  fileSystemTypes,
  LuksError,
  type LuksRecipe,
  makeFileSystem,
  makeLuks,
  type NewKeyslot,
} from '../../svm/luks/index.ts';
import { type Contents, HEX, path, SIZE, sizeInBytes } from './values.ts';

const COUNT = z.int().min(1);

const KDF = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('pbkdf2').describe('PBKDF2: iterations only; all that LUKS1 knows.'),
      hash: z.string().optional().describe('Hash, such as `sha256` (default).'),
      iterations: COUNT.optional().describe('Default: 1000.'),
    }),
    z.strictObject({
      type: z.enum(['argon2id', 'argon2i']).describe('Argon2: iterations over memory. LUKS2 only.'),
      iterations: COUNT.optional().describe('Passes over the memory. Default: 4.'),
      memory: SIZE.optional().describe('Memory, such as `64 MiB`. Default: 64 KiB.'),
      lanes: z.int().min(1).max(4).optional().describe('Parallel lanes. Default: 1.'),
    }),
  ])
  .describe('How the passphrase becomes a key, and what that costs. Default: pbkdf2 with 1000 iterations, cheap on purpose.');

const PASSPHRASE = z
  .union([
    z.strictObject({ text: z.string().min(1).describe('As text (UTF-8, no newline is added).') }),
    z.strictObject({ hex: HEX.describe('As hexadecimal digits.') }),
    z.strictObject({ file: path('A file that holds it; every byte counts, a newline at the end too.') }),
    z.strictObject({ attachment: z.string().describe("The same bytes as this attachment of the guest's ESM recipe.") }),
  ])
  .describe('What opens the key slot.');

const KEY_SLOT = z.strictObject({
  passphrase: PASSPHRASE,
  kdf: KDF.optional(),
  priority: z.enum(['prefer', 'normal', 'ignore']).optional().describe('LUKS2 only: when the key slot is tried. Default: normal.'),
});

const FILE_SYSTEM = z
  .strictObject({
    type: z.enum(fileSystemTypes).describe('Its kind.'),
    label: z.string().optional().describe('Its label. Default: none.'),
    uuid: z.string().optional().describe('Its UUID, as blkid writes it for this kind. Default: drawn by chance.'),
    size: SIZE.optional().describe('Its size. Default: the least that this kind can have.'),
  })
  .describe('A file system of which there is the superblock: enough to recognise it, nothing to mount.');

const LUKS = z.strictObject({
  version: z.literal([1, 2]).optional().describe('LUKS version. Default: 2.'),
  cipher: z.string().optional().describe('As cryptsetup names it. Default: aes-xts-plain64.'),
  keySize: z.literal([128, 192, 256, 512]).optional().describe('Bits of the volume key, as `cryptsetup --key-size`. Default: 512.'),
  sectorSize: z.literal([512, 1024, 2048, 4096]).optional().describe('Bytes. Default: 512.'),
  label: z.string().optional().describe("LUKS2 only: the volume's label."),
  uuid: z.string().optional().describe("The volume's UUID. Default: drawn by chance."),
  keySlots: z.array(KEY_SLOT).min(1).describe('Key slots, from number 0 on.'),
  fileSystem: FILE_SYSTEM.optional(),
  payload: path('What is encrypted, if not a file system by `fileSystem`.').optional(),
});

const AT = z
  .union([z.int().min(0), z.string().regex(/^0x[0-9a-fA-F]+$/, 'is no offset: write 0x4000')])
  .describe('First byte, from the start of the image.');

const OVERWRITE = z
  .array(
    z.union([
      z.strictObject({ at: AT, hex: HEX.describe('What stands there afterwards.') }),
      z.strictObject({ at: AT, zeros: SIZE.describe('So many zeros stand there afterwards.') }),
    ]),
  )
  .optional()
  .describe('What was written over since: by a fault, or by the hypervisor, who keeps the disk.');

/** The disk of a guest: an image or a volume to be made, one of the two (see `disk-references.ts`). */
export const DISK = z
  .strictObject({
    image: path('The image of a LUKS volume, as cryptsetup makes it. Give this or `luks`.').optional(),
    luks: LUKS.optional().describe('The volume is made for this run; the same seed makes the same bytes. Give this or `image`.'),
    overwrite: OVERWRITE,
  })
  .describe("The guest's disk, for the step `unlock`.");

export type DiskEntry = z.infer<typeof DISK>;
type Luks = z.infer<typeof LUKS>;

/** It is made in memory, whenever the scenario runs. */
const MOST_BYTES = 256n << 20n;

/** Where the bytes that a disk names come from. */
export interface DiskSources {
  bytesOf(contents: Contents): Uint8Array;
  /** Undefined when the guest has no such attachment. */
  attachment(name: string): Uint8Array | undefined;
}

/** Whether this is a volume that can be made: field and reason of the first mistake. Attachments that are missing are told elsewhere. */
export function diskProblem(luks: Luks, sources: DiskSources): { field: string; what: string } | undefined {
  const { fileSystem, payload } = luks;
  if (fileSystem && payload !== undefined) return { field: 'payload', what: 'there is a file system as well: keep one of them' };
  const wrong = fileSystem && fileSystemProblem(sized(fileSystem));
  if (fileSystem?.size !== undefined && sizeInBytes(fileSystem.size) > MOST_BYTES)
    return { field: 'fileSystem', what: `size: a disk made for a run has at most ${MOST_BYTES >> 20n} MiB` };
  if (wrong) return { field: 'fileSystem', what: `${wrong.field}: ${wrong.what}` };
  try {
    checkRecipe(recipeOf(luks, new Uint8Array(0), sources));
    return undefined;
  } catch (error) {
    if (!(error instanceof LuksError)) throw error;
    return { field: FIELDS[error.field ?? ''] ?? 'keySlots', what: `${NAMES(error.field)}${error.detail}` };
  }
}

const sized = ({ size, ...rest }: z.infer<typeof FILE_SYSTEM>): FileSystemRecipe =>
  size === undefined ? rest : { ...rest, size: Number(sizeInBytes(size)) };

/** Fields of a recipe by their names in the language. */
const FIELDS: Readonly<Record<string, string>> = {
  keyBytes: 'keySize',
  sectorBytes: 'sectorSize',
  label: 'label',
  uuid: 'uuid',
  cipher: 'cipher',
};
const NAMES = (field = ''): string => (field.startsWith('keyslots[') ? `${field.replace('keyslots', 'keySlots')}: ` : '');

/** The image that the disk is at first. */
export async function makeDisk(disk: DiskEntry, chance: Random, sources: DiskSources): Promise<Uint8Array> {
  const { luks, image: file = '', overwrite = [] } = disk;
  const image = luks ? await made(luks, chance, sources) : sources.bytesOf({ file }).slice();
  for (const change of overwrite) {
    const rest = image.subarray(Number(change.at));
    if ('hex' in change) rest.set(fromHex(change.hex).subarray(0, rest.length));
    else rest.fill(0, 0, Number(sizeInBytes(change.zeros)));
  }
  return image;
}

async function made(luks: Luks, chance: Random, sources: DiskSources): Promise<Uint8Array> {
  const { fileSystem, payload } = luks;
  const inside = fileSystem
    ? makeFileSystem(sized(fileSystem), chance.fork('file system'))
    : payload === undefined
      ? chance.fork('payload').bytes(4096)
      : sources.bytesOf({ file: payload });
  return (await makeLuks(recipeOf(luks, inside, sources), chance)).image;
}

function recipeOf(luks: Luks, payload: Uint8Array, sources: DiskSources): LuksRecipe {
  const { version, cipher, keySize, sectorSize, label, uuid, keySlots } = luks;
  return {
    payload,
    keyslots: keySlots.map(slot => keyslotOf(slot, sources)),
    ...(version === undefined ? {} : { version }),
    ...(cipher === undefined ? {} : { cipher }),
    ...(keySize === undefined ? {} : { keyBytes: keySize / 8 }),
    ...(sectorSize === undefined ? {} : { sectorBytes: sectorSize }),
    ...(label === undefined ? {} : { label }),
    ...(uuid === undefined ? {} : { uuid }),
  };
}

function keyslotOf({ passphrase, kdf, priority }: z.infer<typeof KEY_SLOT>, sources: DiskSources): NewKeyslot {
  const secret = 'attachment' in passphrase ? sources.attachment(passphrase.attachment) : sources.bytesOf(passphrase);
  return { passphrase: secret ?? 'missing', ...(kdf ? { kdf: costOf(kdf) } : {}), ...(priority ? { priority } : {}) };
}

function costOf(kdf: z.infer<typeof KDF>): NonNullable<NewKeyslot['kdf']> {
  const { iterations } = kdf;
  const passes = iterations === undefined ? {} : { iterations };
  if (kdf.type === 'pbkdf2') return { type: kdf.type, ...passes, ...(kdf.hash === undefined ? {} : { hash: kdf.hash }) };
  const { type, memory, lanes } = kdf;
  const memoryKiB = memory === undefined ? {} : { memoryKiB: Number(sizeInBytes(memory)) / 1024 };
  return { type, ...passes, ...memoryKiB, ...(lanes === undefined ? {} : { lanes }) };
}
