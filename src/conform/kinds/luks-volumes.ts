import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
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
import { type LuksImage, luksManifestOf } from './luks-manifest.ts';

export interface PlayedLuksCase extends PlayedCase {
  readonly ok: boolean;
}

/**
 * Plays the recorded volumes of a manifest: header, each passphrase, a wrong one, payload, file system.
 * @param wanted whether the image of this name is to be played.
 * @throws {SimulatorError} `conform.not-luks` when a field is missing.
 */
export async function* playLuksManifest(
  file: string,
  json: unknown,
  wanted: (name: string) => boolean = () => true,
): AsyncGenerator<PlayedLuksCase> {
  const images = luksManifestOf(json);
  if (!images) throw new SimulatorError('conform.not-luks', { where: file, what: 'not the manifest of LUKS volumes: a field is missing' });
  for (const expected of images) {
    if (!wanted(expected.image)) continue;
    const differences = await play(join(dirname(file), expected.image), expected);
    yield { name: expected.image, about: aboutOf(expected), differences, ok: differences.length === 0 };
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
