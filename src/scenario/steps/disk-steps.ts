import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { z } from 'zod';
import { type PassphraseClientName, passphraseClients } from '../../svm/guest/index.ts';
import {
  chunks,
  describeKdf,
  type FileSystem,
  LuksError,
  type LuksVolume,
  memorySource,
  openPayload,
  readLuks,
  recogniseFileSystem,
  type Unlocked,
  unlock as unlockVolume,
} from '../../svm/luks/index.ts';
import { path } from '../language/values.ts';
import type { Run } from '../run/run-state.ts';
import { OK, type UnlockedDisk } from '../run/step-outcome.ts';
import { GUEST, stepKind } from './step-kind.ts';

const DEFAULT_CLIENT: PassphraseClientName = 'dracut';
const CLIENT_NAMES = Object.keys(passphraseClients) as [PassphraseClientName, ...PassphraseClientName[]];
const ABOUT_CLIENTS = Object.values(passphraseClients).map(({ about }) => about);

export const unlock = stepKind({
  name: 'unlock',
  about: 'The Secure VM reads the passphrase from its ESM blob as a real client does, and opens its LUKS volume with it.',
  fields: {
    guest: GUEST,
    disk: path("The image of the LUKS volume. Default: the guest's own disk.").optional(),
    client: z
      .enum(CLIENT_NAMES)
      .optional()
      .describe(`Who reads the passphrase: ${ABOUT_CLIENTS.join('; ')}. Default: ${DEFAULT_CLIENT}.`),
    file: z.string().min(1).max(64).optional().describe("Name of the attachment, if it is not the client's own."),
  },
  expects: ['result', 'state', 'disk'],
  usual: { result: 'ok', disk: { opened: true } },
  text: (step, run) => `${run.guestName(step.guest)} unlocks ${step.disk === undefined ? 'its disk' : basename(step.disk)}`,
  async run(step, run) {
    const guest = run.guest(step.guest);
    const client = passphraseClients[step.client ?? DEFAULT_CLIENT];
    const outcome = await guest.getFile(step.file ?? client.file);
    if ('never' in outcome) return { result: { kind: 'never', how: outcome.never, scope: outcome.scope }, state: guest.state };
    if (!outcome.ok)
      return { result: { kind: 'code', r3: outcome.r3, ...(outcome.r3Name ? { r3Name: outcome.r3Name } : {}) }, state: guest.state };
    const place = run.guestName(step.guest);
    run.world.secrets.register(`passphrase of the disk of ${place}`, outcome.bytes, ['owner', 'ultravisor', 'svm']);
    const image = step.disk === undefined ? await run.disk(step.guest) : run.bytesOf({ file: step.disk });
    const { disk, detail } = await open(run, place, memorySource(image, step.disk ?? `disk of ${place}`), client, outcome.bytes);
    run.world.bus.emit('check', 'svm', { name: 'luks', ok: disk.opened, detail, source: 'LUKS2 On-Disk Format Specification' });
    return { result: OK, state: guest.state, disk };
  },
});

interface Opened {
  readonly disk: UnlockedDisk;
  /** What the event says. */
  readonly detail: string;
}

type Client = (typeof passphraseClients)[PassphraseClientName];

const refused = (reason: (UnlockedDisk & { readonly opened: false })['reason'], why: string): Opened => ({
  disk: { opened: false, reason, why },
  detail: why,
});

async function open(run: Run, guest: string, image: ReturnType<typeof memorySource>, client: Client, file: Uint8Array): Promise<Opened> {
  let volume: LuksVolume;
  try {
    volume = readLuks(image);
  } catch (error) {
    // Whoever keeps the disk may have written over its header: an outcome, no mistake of the scenario.
    if (!(error instanceof LuksError)) throw error;
    return refused('header', `the volume cannot be read: ${error.message}`);
  }
  for (const { offset, text } of volume.notices) run.world.bus.emit('note', 'svm', { text: `byte ${offset}: ${text}` });
  if (!client.luks.some(version => version === volume.version))
    return refused(
      'client',
      `the client answers for LUKS${client.luks.join(', ')}, this is LUKS${volume.version}: the question stays open`,
    );
  const passphrase = client.passphrase(file);
  const unlocked = await unlockVolume(volume, passphrase, run.onUnlock ? { onProgress: run.onUnlock } : {});
  if (!unlocked.opened) return refused(unlocked.reason, unlocked.text);
  run.world.secrets.register(`volume key of the disk of ${guest}`, unlocked.volumeKey, ['owner', 'svm']);
  return opened(volume, unlocked);
}

function opened(volume: LuksVolume, unlocked: Unlocked): Opened {
  const payload = openPayload(volume, unlocked);
  const fileSystem = recogniseFileSystem(payload);
  const sha256 = createHash('sha256');
  for (const chunk of chunks(payload)) sha256.update(chunk);
  const { keyslot } = unlocked;
  const kdf = describeKdf(unlocked.kdf);
  const disk = {
    opened: true,
    luks: volume.version,
    header: volume.header.which,
    keyslot,
    kdf,
    payloadSha256: sha256.digest('hex'),
    ...(fileSystem ? { fileSystem: { type: fileSystem.type, label: fileSystem.label, uuid: fileSystem.uuid } } : {}),
  } as const;
  return { disk, detail: `key slot ${keyslot} opens (${kdf}); the payload is ${showFileSystem(fileSystem)}` };
}

function showFileSystem(system: FileSystem | undefined): string {
  if (!system) return 'no file system that is known';
  const { type, label, uuid } = system;
  return [`${type}${label ? ` "${label}"` : ''}`, ...(uuid ? [`UUID ${uuid}`] : [])].join(', ');
}
