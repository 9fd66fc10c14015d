import { z } from 'zod';
import { OK, withoutSuccess } from '../run/step-outcome.ts';
import { OF_A_GUEST, stepKind } from './step-kind.ts';

export const start = stepKind({
  name: 'start',
  about: 'The hypervisor makes a guest and starts it: kernel, initrd, RTAS, device tree and ESM blob are loaded, the kernel runs.',
  of: OF_A_GUEST,
  moves: 'starts',
  fields: {},
  expects: ['result', 'state'],
  usual: { state: 'running' },
  text: (step, run) => `${run.guestName(step.guest)} starts`,
  async run(step, run) {
    const guest = await run.createGuest(step.guest);
    await (guest.state === 'created' ? guest.start() : guest.reboot());
    return { result: OK, state: guest.state };
  },
});

export const enterSecureMode = stepKind({
  name: 'enter-secure-mode',
  about: 'The kernel of the guest asks to become a Secure VM (UV_ESM).',
  of: OF_A_GUEST,
  fields: {},
  expects: ['result', 'state', 'refusedBy'],
  usual: { result: 'secure' },
  text: (step, run) => `${run.guestName(step.guest)} asks to become secure`,
  async run(step, run) {
    const guest = run.guest(step.guest);
    const outcome = await guest.enterSecureMode();
    const secure = 'secure' in outcome && outcome.secure;
    return { result: secure ? { kind: 'secure', pc: outcome.pc } : withoutSuccess(outcome), state: guest.state };
  },
});

export const getFile = stepKind({
  name: 'get-file',
  about: 'A program in the Secure VM reads a file of the ESM blob, piece by piece (UV_ESMB_GET_FILE).',
  of: OF_A_GUEST,
  fields: {
    file: z.string().min(1).max(64).describe('Name of the attachment in the ESM blob, such as `rootd`.'),
  },
  expects: ['result', 'state', 'bytes', 'refusedBy'],
  usual: { result: 'ok' },
  text: (step, run) => `${run.guestName(step.guest)} reads the file ${step.file}`,
  async run(step, run) {
    const guest = run.guest(step.guest);
    const outcome = await guest.getFile(step.file);
    if ('ok' in outcome && outcome.ok) {
      const { bytes } = outcome;
      run.world.secrets.register(`attachment ${step.file} of ${run.guestName(step.guest)}`, bytes, ['owner', 'ultravisor', 'svm']);
      return { result: OK, state: guest.state, bytes };
    }
    return { result: withoutSuccess(outcome), state: guest.state };
  },
});
