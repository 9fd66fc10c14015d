import type { Host } from '../../machine/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { type Answer, NO_CIPHER, TpmClient } from '../../tpm/client/index.ts';
import { TPM2_ContextLoad, TPM2_ContextSave, TPM2_FlushContext } from '../../tpm/index.ts';
import { TPM_RC } from '../../tpm/wire/index.ts';
import type { Backend } from '../../tpmrm/index.ts';
import { withoutChance } from '../run/tpm-reset.ts';

/**
 * Other software saves so many session contexts: the TPM's counter moves on, up to the oldest context that is saved, where a TPM refuses
 * (TPM_RC_CONTEXT_GAP). How many it were. The embedded TPM ages at once, any other saves them one by one.
 */
export const saveContextsOfOthers = async ({ tpm, chip }: Host, contexts: number): Promise<number> =>
  tpm ? tpm.age(contexts) : saveAndLoad(chip.backend, contexts);

async function saveAndLoad(backend: Backend, contexts: number): Promise<number> {
  const client = new TpmClient(backend, withoutChance);
  const must = <A extends Answer<unknown>>(what: string, answer: A): Extract<A, { ok: true }> => {
    if (answer.ok) return answer as Extract<A, { ok: true }>;
    throw new SimulatorError('scenario.age-tpm', {
      what: `${backend.name} refuses ${what} (${answer.detail}): others cannot save contexts with it`,
      hint: 'Put the step where a session is free, or use the embedded TPM.',
      blame: 'environment',
    });
  };
  const opened = await client.startSession({ kind: 'hmac', symmetric: NO_CIPHER });
  if (!opened.ok) return must('TPM2_StartAuthSession', opened);
  const { handle } = opened.session;
  let made = 0;
  for (; made < contexts; made++) {
    const saved = await client.call(TPM2_ContextSave, { saveHandle: handle }, {});
    if (!saved.ok && saved.rc === TPM_RC.CONTEXT_GAP) break;
    must('TPM2_ContextLoad', await client.call(TPM2_ContextLoad, {}, must('TPM2_ContextSave', saved).out));
  }
  await client.call(TPM2_FlushContext, {}, { flushHandle: handle });
  return made;
}
