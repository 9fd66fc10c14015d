import { z } from 'zod';
import { OK } from '../run/step-outcome.ts';
import { resetTpmOf } from '../run/tpm-reset.ts';
import { OF_A_HOST, stepKind } from './step-kind.ts';
import { saveContextsOfOthers } from './tpm-ageing.ts';

export const resetTpm = stepKind({
  name: 'reset-tpm',
  about: 'The TPM of a host is switched off and on while the host runs: sessions and PCRs are gone, keys stay.',
  of: OF_A_HOST,
  fields: {},
  expects: ['result'],
  usual: { result: 'ok' },
  text: (step, run) => `the TPM of ${run.hostName(step.host)} is reset`,
  async run(step, run) {
    await resetTpmOf(run.machine.host(run.hostName(step.host)));
    return { result: OK };
  },
});

export const ageTpm = stepKind({
  name: 'age-tpm',
  about:
    'Other software of a host uses its TPM for a while, as if it saved so many session contexts. Where the gap to the oldest saved context ' +
    'is full, the TPM takes no more (TPM_RC_CONTEXT_GAP).',
  of: OF_A_HOST,
  fields: {
    contexts: z.int().positive().max(1_000_000).describe('Session contexts that are saved.'),
    minutes: z.int().positive().optional().describe('Virtual minutes that this takes; default: none.'),
  },
  expects: ['result'],
  usual: { result: 'ok' },
  text: (step, run) => `others save ${step.contexts} contexts with the TPM of ${run.hostName(step.host)}`,
  async run({ host, contexts, minutes = 0 }, run) {
    const made = await saveContextsOfOthers(run.machine.host(run.hostName(host)), contexts);
    run.world.clock.advanceMs(minutes * 60_000);
    if (made < contexts) run.world.bus.emit('note', 'tpm', { text: `after ${made} contexts the gap is full` });
    return { result: OK };
  },
});
