import { z } from 'zod';
import { fromHex } from '../../bytes/index.ts';
import { migrateGuest } from '../../machine/index.ts';
import { TpmDriverError } from '../../svm/guest/index.ts';
import { TpmClient, TransportError } from '../../tpm/client/index.ts';
import { buildOwn, OWN_COMMAND, sendOwn } from '../adversary/index.ts';
import { guestNamed, hostsOf } from '../language/machines.ts';
import { didYouMean } from '../language/problem.ts';
import { HEX } from '../language/values.ts';
import { OK } from '../run/step-outcome.ts';
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
    const random = run.world.random.fork(`TPM client of ${guest.name} ${run.world.bus.snapshot()}`);
    let response = new Uint8Array(0);
    const transport = {
      async transmit(command: Uint8Array): Promise<Uint8Array> {
        try {
          response = Uint8Array.from(await guest.tpmCommand(by, command));
          return response;
        } catch (error) {
          if (error instanceof TpmDriverError) throw new TransportError('TSS_RC_BAD_CONNECTION', error.message);
          throw error;
        }
      },
    };
    const done = await sendOwn(new TpmClient(transport, count => random.bytes(count)), commands);
    const failed = done.find(({ fault }) => fault !== undefined);
    return {
      result: failed ? { kind: 'refused', why: failed.fault ?? '' } : OK,
      state: guest.state,
      responses: done.map(({ said }) => said),
      bytes: response,
    };
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
