import { z } from 'zod';
import { fromHex } from '../../bytes/index.ts';
import { migrateGuest } from '../../machine/index.ts';
import { buildOwn, OWN_COMMAND } from '../adversary/index.ts';
import { guestNamed, hostsOf } from '../language/machines.ts';
import { didYouMean } from '../language/problem.ts';
import { HEX } from '../language/values.ts';
import { OK } from '../run/step-outcome.ts';
import { sendByDriver } from './send-by-driver.ts';
import { OF_A_GUEST, stepKind } from './step-kind.ts';

const KEY_BYTES = 32;

export const tpm = stepKind({
  name: 'tpm',
  about: "The guest's own kernel sends TPM commands: by its vTPM (queue and buffer in its memory), or by H_TPM_COMM to spapr-tpm-proxy.",
  of: OF_A_GUEST,
  fields: {
    by: z.enum(['vtpm', 'proxy']).optional().describe('Which device. Default: the vTPM.'),
    commands: z.array(OWN_COMMAND).min(1).describe('The commands, one after the other. Each is sent, whatever came of the one before.'),
  },
  expects: ['result', 'state', 'responses', 'bytes'],
  usual: { result: 'ok' },
  *problems({ guest: name, by = 'vtpm', commands }, machines) {
    const guest = guestNamed(machines, name);
    if (by === 'vtpm' && guest && guest.domain === undefined && guest.vtpm === undefined)
      yield {
        path: [],
        what: `guest "${guest.name}" has no vTPM`,
        hint: 'Give it one ("vtpm: { backend: emulator }"), or say "by: proxy".',
      };
    for (const [i, command] of commands.entries()) {
      const what = ownProblem(command);
      if (what !== undefined) yield { path: ['commands', i], what };
    }
  },
  text: (step, run) =>
    `${run.guestName(step.guest)} sends ${step.commands.map(({ command }) => command).join(', ')} ${step.by === 'proxy' ? 'by H_TPM_COMM' : 'to its vTPM'}`,
  async run({ guest: name, by = 'vtpm', commands }, run) {
    const guest = run.guest(name);
    const sent = await sendByDriver(run, guest.name, command => guest.tpmCommand(by, command), commands);
    return { ...sent, state: guest.state };
  },
});

export const migrate = stepKind({
  name: 'migrate',
  about:
    'A guest moves to another host while it runs: its memory, its processors, and its vTPM with the TPM behind it. The session of its ' +
    'spapr-tpm-proxy stays behind. A Secure VM cannot move, nor a guest whose vTPM is the TPM of the host.',
  of: OF_A_GUEST,
  fields: {
    to: z.string().describe('Name of the host it moves to.'),
    key: HEX.optional().describe("32 bytes: the vTPM's state travels encrypted under this key (AES-256-GCM). Without it: as it is."),
  },
  expects: ['result', 'state'],
  usual: { result: 'ok' },
  *problems({ to, key }, machines) {
    const hosts = hostsOf(machines).map(({ name }) => name);
    if (!hosts.includes(to)) yield { path: ['to'], what: `there is no host "${to}"`, hint: didYouMean(to, hosts) };
    const { length } = fromHex(key ?? '');
    if (key !== undefined && length !== KEY_BYTES) yield { path: ['key'], what: `the key has ${length} bytes, ${KEY_BYTES} are needed` };
  },
  text: (step, run) => `${run.guestName(step.guest)} moves to ${step.to}`,
  async run({ guest: name, to, key }, run) {
    const guest = run.guest(name);
    const options = key === undefined ? {} : { key: fromHex(key) };
    const moved = await migrateGuest(guest, run.hostOf(name), run.machine.host(to), options);
    if ('refused' in moved) return { result: { kind: 'refused', why: moved.refused }, state: guest.state };
    run.moved(moved.name, to, moved);
    return { result: OK, state: moved.state };
  },
});

/** Why a command cannot be built; undefined: it can. */
function ownProblem(command: Parameters<typeof buildOwn>[0]): string | undefined {
  try {
    buildOwn(command);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}
