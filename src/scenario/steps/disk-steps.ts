import { basename } from 'node:path';
import { z } from 'zod';
import { type PassphraseClientName, passphraseClients } from '../../svm/guest/index.ts';
import { memorySource } from '../../svm/luks/index.ts';
import { guestNamed } from '../language/machines.ts';
import { path } from '../language/values.ts';
import { OK, withoutSuccess } from '../run/step-outcome.ts';
import { OF_A_GUEST, stepKind } from './step-kind.ts';

const DEFAULT_CLIENT: PassphraseClientName = 'dracut';
const CLIENT_NAMES = Object.keys(passphraseClients) as PassphraseClientName[];
const ABOUT_CLIENTS = Object.values(passphraseClients).map(({ about }) => about);

export const unlock = stepKind({
  name: 'unlock',
  about: 'The Secure VM reads the passphrase from its ESM blob as a real client does, and opens its LUKS volume with it.',
  of: OF_A_GUEST,
  fields: {
    disk: path("The image of the LUKS volume. Default: the guest's own disk.").optional(),
    client: z
      .enum(CLIENT_NAMES)
      .optional()
      .describe(`Who reads the passphrase: ${ABOUT_CLIENTS.join('; ')}. Default: ${DEFAULT_CLIENT}.`),
    file: z.string().min(1).max(64).optional().describe("Name of the attachment, if it is not the client's own."),
  },
  expects: ['result', 'state', 'disk'],
  usual: { result: 'ok', disk: { opened: true } },
  *problems(step, machines) {
    const guest = guestNamed(machines, step.guest);
    if (step.disk !== undefined || !guest || guest.disk) return;
    yield { path: [], what: `guest "${guest.name}" has no disk`, hint: 'Say "disk: FILE" here, or give the guest a disk.' };
  },
  text: (step, run) => `${run.guestName(step.guest)} unlocks ${step.disk === undefined ? 'its disk' : basename(step.disk)}`,
  async run(step, run) {
    const guest = run.guest(step.guest);
    const image = async () =>
      step.disk === undefined
        ? memorySource(await run.disk(step.guest), `disk of ${guest.name}`)
        : memorySource(run.bytesOf({ file: step.disk }), step.disk);
    const outcome = await guest.unlock(image, {
      client: step.client ?? DEFAULT_CLIENT,
      ...(step.file === undefined ? {} : { file: step.file }),
      ...(run.onUnlock ? { onProgress: run.onUnlock } : {}),
    });
    const { state } = guest;
    if ('never' in outcome || !outcome.ok) return { result: withoutSuccess(outcome), state };
    return { result: OK, state, disk: outcome.disk };
  },
});
