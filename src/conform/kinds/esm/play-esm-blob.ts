import { dirname, join } from 'node:path';
import { DecodeError, fromHex, sameBytes, toHex } from '../../../bytes/index.ts';
import { digest } from '../../../crypto/index.ts';
import { SimulatorError } from '../../../sim/index.ts';
import {
  type EsmBlob,
  EsmError,
  filesFdt,
  findEsmBlob,
  flattenElf,
  loadPrivateKey,
  loadPublicKey,
  openAttachment,
  openDigests,
  openLockbox,
  readCpio,
  readEsmBlob,
  writeEsmBlob,
  writeFdt,
} from '../../../svm/format/index.ts';
import { display, measure, readNamed, svmAdd } from '../../../svm/owner/index.ts';
import { Differences, type PlayedCase } from '../../played-case.ts';
import type { RecordingKind } from '../../recording-kind.ts';
import { type EsmManifest, isEsmManifest } from './esm-manifest.ts';
import { rebuild, structureOf } from './rebuild-blob.ts';

export const esmBlobs: RecordingKind<EsmManifest> = {
  name: 'esm',
  about: "An ESM blob that IBM's svm-tool made: `manifest.json` with `blob`, `symmetricKeyHex`, `lockboxesInBlobOrder`",
  recognises: isEsmManifest,
  async *play(_manifest, { file }, wanted) {
    for (const played of await playEsmManifest(dirname(file))) if (wanted(played.name)) yield played;
  },
};

interface Play {
  readonly manifest: EsmManifest;
  readonly bytes: Uint8Array;
  /** Read by each case: one that cannot be read fails all of them. */
  blob(): EsmBlob;
  path(file: string): string;
  read(file: string): Promise<Uint8Array>;
}

type Check = (play: Play, found: Verdict) => Promise<void>;

/** What a check finds, or why it had nothing to look at. */
class Verdict extends Differences {
  skipped: string | undefined;
}

/** The points of "How a test should check a blob", each a case of its own. */
const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ['tree', checkTree],
  ['lockboxes', checkLockboxes],
  ['digests', checkDigests],
  ['attachments', checkAttachments],
  ['initrd', checkInitrd],
  ['made again', checkMadeAgain],
];

/** A guest address with the alignment that boot loaders give an initrd. */
const INITRD_GPA = 0x0400_0000n;

const sha256 = (bytes: Uint8Array): string => toHex(digest('sha256', bytes));
const sha512 = (bytes: Uint8Array): string => toHex(digest('sha512', bytes));

/**
 * Plays the recorded ESM blob of a folder: what our readers and our owner make of it against its `manifest.json`.
 * @throws {SimulatorError} `conform.not-esm` when the folder has no such manifest, `file.unreadable`.
 */
export async function playEsmManifest(folder: string): Promise<PlayedCase[]> {
  const path = (file: string): string => join(folder, file);
  const json: unknown = JSON.parse(Buffer.from(await readNamed(path('manifest.json'))).toString('utf8'));
  if (!isEsmManifest(json))
    throw new SimulatorError('conform.not-esm', { where: path('manifest.json'), what: 'not the manifest of an ESM blob' });
  const manifest = json;
  const read = (file: string): Promise<Uint8Array> => readNamed(path(file));
  const bytes = await read(manifest.blob);
  const play: Play = { manifest, bytes, path, read, blob: () => readEsmBlob(bytes) };
  const cases: PlayedCase[] = [];
  for (const [name, check] of CHECKS) {
    cases.push({ name: `${manifest.name}: ${name}`, about: manifest.description, ...(await played(play, check)) });
  }
  return cases;
}

/** A blob that cannot be read or opened differs from what was recorded of it. */
async function played(play: Play, check: Check): Promise<Pick<PlayedCase, 'differences' | 'skipped'>> {
  const found = new Verdict();
  try {
    await check(play, found);
  } catch (error) {
    if (!(error instanceof EsmError || error instanceof DecodeError)) throw error;
    found.compare('outcome', 'read and opened', error.message);
  }
  const { all: differences, skipped } = found;
  return { differences, ...(skipped === undefined ? {} : { skipped }) };
}

async function checkTree({ manifest, bytes, blob: readBlob }: Play, found: Verdict): Promise<void> {
  const blob = readBlob();
  found.compare('blobSha256', manifest.blobSha256, sha256(bytes));
  found.compare('written again', manifest.blobSha256, sha256(writeEsmBlob(blob)));
  const inner = filesFdt(blob.tree);
  if (inner && blob.files) found.compare('files-fdt written again', sha256(inner), sha256(writeFdt(blob.files)));
  found.compare(
    'lockbox1Present',
    manifest.lockbox1Present,
    blob.lockboxes.some(({ name }) => name === 'lockbox-1'),
  );
  found.compare('displayOutput', manifest.displayOutput, display(blob));
}

async function checkLockboxes({ manifest, blob: readBlob, read }: Play, found: Verdict): Promise<void> {
  const blob = readBlob();
  const expected = manifest.lockboxesInBlobOrder;
  found.compare('lockboxesInBlobOrder', expected.map(({ node }) => node).join(' '), blob.lockboxes.map(({ name }) => name).join(' '));
  for (const [i, box] of expected.entries()) {
    const lockbox = blob.lockboxes[i];
    if (!lockbox) return;
    const field = `lockboxesInBlobOrder[${i}]`;
    const publicKey = await loadPublicKey(await read(box.publicKeyFile), box.publicKeyFile);
    const passphrase = box.node === 'origin-lockbox' ? manifest.originKeyPassphrase : undefined;
    const privateKey = await loadPrivateKey(await read(box.privateKeyFile), box.privateKeyFile, passphrase);
    found.compare(`${field}.comment`, box.comment, lockbox.comment);
    found.compare(`${field}.fingerprintSha256`, box.fingerprintSha256, toHex(lockbox.fingerprint));
    found.compare(`${field}.fingerprintSha256 of ${box.publicKeyFile}`, box.fingerprintSha256, toHex(publicKey.fingerprint));
    found.compare(`${field}.fingerprintSha256 of ${box.privateKeyFile}`, box.fingerprintSha256, toHex(privateKey.fingerprint));
    found.compare(`${field}.encryptedSymkeySha256`, box.encryptedSymkeySha256, sha256(lockbox.encryptedSymkey));
    // Compared here, not shown: a symmetric key stands in no report.
    const same = sameBytes(openLockbox(lockbox, privateKey.privateKey), fromHex(manifest.symmetricKeyHex));
    found.compare(`${field} holds symmetricKeyHex`, true, same);
  }
}

async function checkDigests({ manifest, blob: readBlob, read }: Play, found: Verdict): Promise<void> {
  const blob = readBlob();
  const { inputs, digests: expected } = manifest;
  const inBlob = openDigests(blob, fromHex(manifest.symmetricKeyHex));
  const [vmlinux, flat, initrd, bootargs, rtas] = await Promise.all(
    [inputs.vmlinux, inputs.kernelFlat, inputs.initrd, inputs.bootargs, inputs.rtas].map(read),
  );
  if (!vmlinux || !flat || !initrd || !bootargs || !rtas) return;
  const measured = measure({ kernel: vmlinux, initrd, bootargs: Buffer.from(bootargs).toString('utf8') });
  for (const [whose, digests] of [
    ['blob', inBlob],
    ['measured', measured],
  ] as const) {
    for (const item of ['rtas', 'kernel', 'initrd', 'bootargs'] as const)
      found.compare(`digests.${item} (${whose})`, expected[item], toHex(digests[item]));
    found.compare(`digests.kernelSize (${whose})`, expected.kernelSize, digests.kernelSize);
  }
  found.compare('kernelFlat', sha512(flat), sha512(flattenElf(vmlinux)));
  found.compare('digests.rtas (file)', expected.rtas, sha512(rtas));
}

async function checkAttachments({ manifest, blob: readBlob, read }: Play, found: Verdict): Promise<void> {
  const blob = readBlob();
  // Newest first in the tree, in order of attaching in the manifest.
  const inTree = blob.attachments
    .map(({ name }) => name)
    .reverse()
    .join(' ');
  found.compare('attachments', manifest.attachments.map(({ name }) => name).join(' '), inTree);
  for (const [i, { name, file, size, sha256: expected, comment }] of manifest.attachments.entries()) {
    const attachment = blob.attachments.find(other => other.name === name);
    if (!attachment) continue;
    const plaintext = openAttachment(blob, name, fromHex(manifest.symmetricKeyHex));
    found.compare(`attachments[${i}].comment`, comment, attachment.comment);
    found.compare(`attachments[${i}].size`, size, plaintext.length);
    found.compare(`attachments[${i}].sha256`, expected, sha256(plaintext));
    found.compare(`attachments[${i}].file`, expected, sha256(await read(file)));
  }
}

async function checkInitrd({ manifest, bytes, read }: Play, found: Verdict): Promise<void> {
  const expected = manifest.initrdWithBlob;
  if (!expected) {
    found.skipped = 'recorded without svm add';
    return;
  }
  const image = await read(expected.file);
  const search = findEsmBlob(image, INITRD_GPA);
  found.compare('initrdWithBlob.size', expected.size, image.length);
  found.compare('initrdWithBlob.blobOffset', expected.blobOffset, search.blobOffset ?? 'none');
  found.compare('initrdWithBlob.cpioLength', expected.cpioLength, search.archiveBytes);
  found.compare('initrdWithBlob.strippedInitrdSha512', expected.strippedInitrdSha512, sha512(image.subarray(search.archiveBytes)));
  const entry = [...readCpio(image)].find(({ dataOffset }) => dataOffset === expected.blobOffset);
  found.compare('initrdWithBlob.pathInCpio', expected.pathInCpio, entry?.name ?? 'none');
  const ours = svmAdd(bytes, await read(manifest.inputs.initrd), manifest.blob);
  const again = findEsmBlob(ours, INITRD_GPA);
  found.compare('svm add: size', expected.size, ours.length);
  found.compare('svm add: blobOffset', expected.blobOffset, again.blobOffset ?? 'none');
  found.compare('svm add: cpioLength', expected.cpioLength, again.archiveBytes);
}

async function checkMadeAgain({ manifest, blob: readBlob, path }: Play, found: Verdict): Promise<void> {
  const blob = readBlob();
  const ours = await rebuild(manifest, path);
  if (!ours) {
    found.skipped = 'made with a command that this player does not know';
    return;
  }
  const expected = structureOf(blob.tree);
  const actual = structureOf(ours.tree);
  for (let i = 0; i < Math.max(expected.length, actual.length); i++)
    found.compare(`line ${i + 1}`, expected[i] ?? 'nothing', actual[i] ?? 'nothing');
}
