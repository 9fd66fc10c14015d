import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { fromHex, sameBytes, toHex } from '../../bytes/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import {
  type ByteSource,
  chunks,
  fileSource,
  LuksError,
  type LuksVolume,
  openPayload,
  readLuks,
  recogniseFileSystem,
  unlock,
} from '../../svm/luks/index.ts';
import { Differences, type PlayedCase } from '../played-case.ts';
import type { RecordingKind, Wanted } from '../recording-kind.ts';

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

export const luksVolumes: RecordingKind<readonly object[]> = {
  name: 'luks',
  about: 'LUKS volumes that cryptsetup made: a list of objects, each with `image`, `passphrase`, `volumeKeyHex`',
  // Meant to be one: a field that is missing is then worth a message.
  recognises: (json): json is readonly object[] =>
    Array.isArray(json) && json.length > 0 && json.every(entry => typeof entry?.image === 'string' && 'volumeKeyHex' in entry),
  play: (manifest, { file }, wanted) => playVolumes(file, manifest, wanted),
};

/**
 * Plays the recorded volumes of a manifest: header, each passphrase, a wrong one, payload, file system.
 * @throws {SimulatorError} `conform.not-luks` when a field is missing.
 */
async function* playVolumes(file: string, json: unknown, wanted: Wanted): AsyncGenerator<PlayedCase> {
  const images = luksManifest.safeParse(json).data;
  if (!images) throw new SimulatorError('conform.not-luks', { where: file, what: 'not the manifest of LUKS volumes: a field is missing' });
  for (const expected of images) {
    if (!wanted(expected.image)) continue;
    yield { name: expected.image, about: aboutOf(expected), differences: await play(join(dirname(file), expected.image), expected) };
  }
}

const aboutOf = ({ type, cipher, sectorSize, pbkdf }: LuksImage): string => `${type}, ${cipher}, ${sectorSize}-byte sectors, ${pbkdf}`;

/** A volume that cannot be read differs from what was recorded of it. */
async function play(path: string, expected: LuksImage): Promise<Differences['all']> {
  const found = new Differences();
  try {
    const image = fileSource(path);
    try {
      found.compare('imageSha256', expected.imageSha256, sha256(image));
      const volume = readLuks(image);
      compareHeader(volume, expected, found);
      const payload = await comparePassphrases(volume, expected, found);
      if (payload) comparePayload(payload, expected, found);
    } finally {
      image.close();
    }
  } catch (error) {
    if (!(error instanceof LuksError)) throw error;
    found.compare('outcome', 'read and opened', error.message);
  }
  return found.all;
}

function compareHeader(volume: LuksVolume, expected: LuksImage, found: Differences): void {
  found.compare('type', expected.type, `luks${volume.version}`);
  found.compare('uuid', expected.uuid, volume.uuid);
  if (volume.version === 2) found.compare('label', expected.label, volume.label); // LUKS1 has none: it is the file system's
  found.compare('cipher', expected.cipher, volume.segment.cipher);
  found.compare('sectorSize', expected.sectorSize, volume.segment.sectorBytes);
  found.compare('payloadOffset', expected.payloadOffset, volume.segment.offset);
  found.compare('payloadLength', expected.payloadLength, volume.segment.size);
  for (const { number, kdf } of volume.keyslots) found.compare(`pbkdf of key slot ${number}`, expected.pbkdf, kdf.type);
  for (const { offset, text } of volume.notices) found.compare(`notice at byte ${offset}`, 'none', text);
}

/** The payload under the first passphrase's key. */
async function comparePassphrases(volume: LuksVolume, expected: LuksImage, found: Differences): Promise<ByteSource | undefined> {
  const { passphrase, extraPassphrase, volumeKeyHex } = expected;
  let payload: ByteSource | undefined;
  const named = { passphrase, ...(extraPassphrase === null ? {} : { extraPassphrase }) };
  for (const [field, text] of Object.entries(named)) {
    const unlocked = await unlock(volume, text);
    found.compare(field, 'opens', unlocked.opened ? 'opens' : unlocked.text);
    // Compared here, not shown: a volume key stands in no report.
    if (unlocked.opened) found.compare(`${field} gives volumeKeyHex`, true, sameBytes(unlocked.volumeKey, fromHex(volumeKeyHex)));
    if (unlocked.opened) payload ??= openPayload(volume, unlocked);
  }
  const wrong = await unlock(volume, `${passphrase}, not`);
  found.compare('a wrong passphrase', 'no-key-slot', wrong.opened ? `opens key slot ${wrong.keyslot}` : wrong.reason);
  return payload;
}

function comparePayload(payload: ByteSource, expected: LuksImage, found: Differences): void {
  found.compare('payloadSha256', expected.payloadSha256, sha256(payload));
  const system = recogniseFileSystem(payload);
  found.compare('payloadFilesystem', expected.payloadFilesystem, system?.type ?? 'none');
  found.compare('label of the file system', expected.label, system?.label ?? 'none');
  const bytes = Buffer.concat([...chunks(payload)]);
  // Each of these files is shorter than a block, so it stands in one piece.
  for (const [name, text] of Object.entries(expected.files)) found.compare(`files.${name}`, true, bytes.includes(text));
}

function sha256(source: ByteSource): string {
  const state = createHash('sha256');
  for (const chunk of chunks(source)) state.update(chunk);
  return toHex(state.digest());
}
