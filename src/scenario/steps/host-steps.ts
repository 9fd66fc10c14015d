import { z } from 'zod';
import { OK } from '../run/step-outcome.ts';
import { OF_A_GUEST, OF_A_HOST, stepKind } from './step-kind.ts';

export const boot = stepKind({
  name: 'boot',
  about: 'The host boots: firmware starts the TPM, makes the wrapping key or gives it a new password, and hands over to the hypervisor.',
  of: OF_A_HOST,
  moves: 'boots',
  fields: {},
  expects: ['result', 'wrappingKey', 'password', 'refusedBy'],
  usual: { result: 'ok' },
  text: (step, run) => `${run.hostName(step.host)} boots`,
  run: async (step, run) => ({ result: OK, wrappingKey: await run.bootHost(step.host) }),
});

export const reboot = stepKind({
  name: 'reboot',
  about: 'A host boots again (its guests are gone then), or a guest is reset and loaded anew.',
  of: {
    host: z.string().optional().describe('Name of the host that boots again. Give this or `guest`.'),
    guest: z.string().optional().describe('Name of the guest that is reset. Give this or `host`.'),
  },
  moves: 'reboots',
  fields: {},
  expects: ['result', 'state', 'wrappingKey', 'password', 'refusedBy'],
  usual: { result: 'ok' },
  text: (step, run) => (step.guest === undefined ? `${run.hostName(step.host)} boots again` : `${run.guestName(step.guest)} is reset`),
  async run(step, run) {
    if (step.guest === undefined) return { result: OK, wrappingKey: await run.rebootHost(step.host) };
    const guest = run.guest(step.guest);
    await guest.reboot();
    return { result: OK, state: guest.state };
  },
});

export const terminate = stepKind({
  name: 'terminate',
  about: 'The hypervisor ends a guest.',
  of: OF_A_GUEST,
  fields: {},
  expects: ['result', 'state'],
  usual: { state: 'terminated' },
  text: (step, run) => `the hypervisor ends ${run.guestName(step.guest)}`,
  async run(step, run) {
    const guest = run.guest(step.guest);
    await guest.terminate();
    return { result: OK, state: guest.state };
  },
});
