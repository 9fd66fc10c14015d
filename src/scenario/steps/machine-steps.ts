import { z } from 'zod';
import type { Run } from '../run/run-state.ts';
import { OK } from '../run/step-outcome.ts';
import { resetTpmOf } from '../run/tpm-reset.ts';
import { HOST, type Step, stepKind } from './step-kind.ts';
import { saveContextsOfOthers } from './tpm-ageing.ts';

export const resetTpm = stepKind({
  name: 'reset-tpm',
  about: 'The TPM of a host is switched off and on while the host runs: sessions and PCRs are gone, keys stay.',
  fields: { host: HOST },
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
  fields: {
    host: HOST,
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

export const parallel = stepKind({
  name: 'parallel',
  about: 'Several strands of steps at once, such as two guests that become secure: who is next follows from virtual time and seed.',
  fields: {
    strands: z
      .array(z.array(z.record(z.string(), z.unknown())).min(1))
      .min(2)
      .describe('Lists of steps, each written as everywhere else. In a strand they follow each other.'),
  },
  expects: ['result'],
  usual: { result: 'ok' },
  text: step => `${step.strands.length} strands run at once`,
  run: (step, run) => runStrands(step.strands as unknown as readonly (readonly Step[])[], run),
});

async function runStrands(strands: readonly (readonly Step[])[], run: Run) {
  const inner = await run.world.scheduler.run(strands.map((steps, i) => ({ name: `strand ${i + 1}`, body: () => run.runSteps(steps) })));
  return { result: OK, inner: inner.flat() };
}
