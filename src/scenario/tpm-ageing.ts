import type { Host } from '../machine/index.ts';
import { SimulatorError } from '../sim/index.ts';

/** Loaded sessions of the embedded TPM: smaller numbers in its table are slots, larger ones saved contexts. */
const SLOTS = 3;
const LOW_BITS = 0xffffn;

/**
 * As if other software had saved so many session contexts: the TPM's counter moves on, up to the oldest context that is saved, where a
 * TPM refuses (TPM_RC_CONTEXT_GAP). How many it were.
 * @throws {SimulatorError} when the host has another TPM than the embedded one.
 */
export function saveContextsOfOthers({ tpm, name }: Host, contexts: number): number {
  if (!tpm)
    throw new SimulatorError('scenario.no-embedded-tpm', {
      what: `host ${name} has no embedded TPM`,
      hint: 'The step age-tpm changes the counter inside of the embedded TPM: leave `tpm` out.',
    });
  const snapshot = tpm.snapshot();
  const { reset } = snapshot.state;
  const saved = new Set(reset.contextArray.filter(entry => entry > SLOTS));
  let made = 0;
  while (made < contexts && !saved.has(Number(reset.contextCounter & LOW_BITS))) {
    made++;
    reset.contextCounter++;
    if ((reset.contextCounter & LOW_BITS) === 0n) reset.contextCounter += BigInt(SLOTS + 1);
  }
  tpm.restore(snapshot);
  return made;
}
