import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  chunks,
  describeKdf,
  memorySource,
  openPayload,
  readLuks,
  recogniseFileSystem,
  unlock as unlockVolume,
} from '../../svm/luks/index.ts';
import { OK, type StepOutcome } from '../outcome.ts';
import type { Run } from '../run-state.ts';
import { path } from '../values.ts';
import { GUEST, stepKind } from './step-kind.ts';

/** How the real clients read the passphrase (pef.md g): which file, and what they leave out. */
const CLIENTS = {
  dracut: { file: 'rootd', read: (bytes: Uint8Array) => bytes },
  'initramfs-tools': { file: 'crypttab', read: (bytes: Uint8Array) => bytes.filter(byte => byte !== 0x0a) },
} as const;
type ClientName = keyof typeof CLIENTS;

export const unlock = stepKind({
  name: 'unlock',
  about: 'The Secure VM reads the passphrase from its ESM blob as a real client does, and opens its LUKS volume with it.',
  fields: {
    guest: GUEST,
    disk: path('The image of the LUKS volume.'),
    client: z
      .enum(Object.keys(CLIENTS) as [ClientName, ...ClientName[]])
      .optional()
      .describe(
        'Who reads the passphrase: `dracut` reads the file rootd, `initramfs-tools` reads crypttab without newlines. Default: dracut.',
      ),
    file: z.string().min(1).max(64).optional().describe("Name of the attachment, if it is not the client's own."),
  },
  expects: ['result', 'state', 'disk'],
  usual: { result: 'ok' },
  text: (step, run) => `${run.guestName(step.guest)} unlocks ${step.disk.split('/').at(-1)}`,
  async run(step, run) {
    const guest = run.guest(step.guest);
    const client = CLIENTS[step.client ?? 'dracut'];
    const outcome = await guest.getFile(step.file ?? client.file);
    if ('never' in outcome) return { result: { kind: 'never', how: outcome.never, scope: outcome.scope }, state: guest.state };
    if (!outcome.ok)
      return { result: { kind: 'code', r3: outcome.r3, ...(outcome.r3Name ? { r3Name: outcome.r3Name } : {}) }, state: guest.state };
    const place = run.guestName(step.guest);
    run.world.secrets.register(`passphrase of the disk of ${place}`, outcome.bytes, ['owner', 'ultravisor', 'svm']);
    return { result: OK, state: guest.state, disk: await open(run, place, step.disk, client.read(outcome.bytes)) };
  },
});

async function open(run: Run, guest: string, image: string, passphrase: Uint8Array): Promise<NonNullable<StepOutcome['disk']>> {
  const volume = readLuks(memorySource(run.bytesOf({ file: image }), image));
  for (const { text } of volume.notices) run.world.bus.emit('note', 'svm', { text });
  const opened = await unlockVolume(volume, passphrase);
  if (!opened.opened) {
    run.world.bus.emit('check', 'svm', { name: 'luks', ok: false, detail: opened.text, source: 'LUKS2 On-Disk Format Specification' });
    return { opened: false, why: opened.text };
  }
  run.world.secrets.register(`volume key of the disk of ${guest}`, opened.volumeKey, ['owner', 'svm']);
  const payload = openPayload(volume, opened);
  const fileSystem = recogniseFileSystem(payload);
  const sha256 = createHash('sha256');
  for (const chunk of chunks(payload)) sha256.update(chunk);
  const kdf = describeKdf(opened.kdf);
  const what = fileSystem ? `${fileSystem.type}${fileSystem.label ? ` "${fileSystem.label}"` : ''}` : 'no file system that is known';
  const detail = `key slot ${opened.keyslot} opens (${kdf}); the payload is ${what}`;
  run.world.bus.emit('check', 'svm', { name: 'luks', ok: true, detail, source: 'LUKS2 On-Disk Format Specification' });
  return {
    opened: true,
    keyslot: opened.keyslot,
    kdf,
    payloadSha256: sha256.digest('hex'),
    ...(fileSystem ? { fileSystem: { type: fileSystem.type, label: fileSystem.label, uuid: fileSystem.uuid } } : {}),
  };
}
