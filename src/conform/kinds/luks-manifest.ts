import { z } from 'zod';

const HEX = /^([0-9a-f]{2})+$/;

/** An image that cryptsetup made, and what is in it. */
const luksImage = z.object({
  image: z.string(),
  imageSha256: z.string().regex(HEX),
  type: z.enum(['luks1', 'luks2']),
  cipher: z.string(),
  sectorSize: z.int(),
  pbkdf: z.string(),
  uuid: z.string(),
  label: z.string(),
  passphrase: z.string(),
  extraPassphrase: z.string().nullable(),
  volumeKeyHex: z.string().regex(HEX),
  payloadOffset: z.int(),
  payloadLength: z.int(),
  payloadSha256: z.string().regex(HEX),
  payloadFilesystem: z.string(),
  files: z.record(z.string(), z.string()),
});
export type LuksImage = z.infer<typeof luksImage>;

const luksManifest = z.array(luksImage).min(1);

/** The images of a manifest; undefined when it is something else. */
export const luksManifestOf = (json: unknown): readonly LuksImage[] | undefined => luksManifest.safeParse(json).data;

/** Whether it is meant to be one: a field that is missing is then worth a message. */
export const isLuksManifest = (json: unknown): boolean =>
  Array.isArray(json) && json.length > 0 && json.every(entry => typeof entry?.image === 'string' && 'volumeKeyHex' in entry);
