import { getU16, getU32 } from '../bytes/index.ts';
import { rcOf, TPM_HEADER_BYTES } from '../spec/index.ts';
import { TPM_CC, TPM_RC } from '../tpm/wire/index.ts';
import type { CommandShape } from './command-table.ts';
import type { Driver } from './driver.ts';
import { Errno } from './errno.ts';
import type { Recorder } from './recorder.ts';
import { copySpace, flushSpace, forget, type SpaceState, saveSpace } from './space.ts';

/**
 * When the objects and sessions of a space leave the TPM: `eager` after each of its commands, as Linux does; `lazy` when somebody
 * else needs the TPM. Answers are the same, but for what tells of saved contexts: their sequence numbers, and the exclusive audit
 * session, which each ContextLoad ends.
 */
export type Swapping = 'eager' | 'lazy';
export const SWAPPING = ['eager', 'lazy'] as const satisfies readonly Swapping[];

const TPM_ST_SESSIONS = 0x8002;
const CONTINUE_SESSION = 1;
/** They end handles, or move them; the TPMA_CC does not say so of them. */
const ENDING: ReadonlySet<number> = new Set([TPM_CC.FlushContext, TPM_CC.ContextSave, TPM_CC.Startup]);

/** Whether something of the space that was loaded may be gone after this command: then ContextSave finds out what, as in Linux. */
export function mayHaveEnded(code: number, response: Uint8Array, { mayFlush, returnsHandle }: CommandShape): boolean {
  if (rcOf(response) !== TPM_RC.SUCCESS) return false;
  return mayFlush || ENDING.has(code) || endedSession(response, returnsHandle);
}

/** A session ends with a response whose continueSession is clear (Part 1 §19.6.3). */
function endedSession(response: Uint8Array, returnsHandle: boolean): boolean {
  if (getU16(response, 0) !== TPM_ST_SESSIONS) return false;
  let at = TPM_HEADER_BYTES + (returnsHandle ? 4 : 0);
  at += 4 + getU32(response, at); // parameters
  while (at < response.length) {
    at += 2 + getU16(response, at); // nonceTPM
    if (((response[at] ?? 0) & CONTINUE_SESSION) === 0) return true;
    at += 1;
    at += 2 + getU16(response, at); // HMAC
  }
  return false;
}

/** Somebody else needs the TPM: what is loaded of this space is saved. A space for which that fails is lost, whoever asked. */
export async function swapOut(driver: Driver, recorder: Recorder, space: SpaceState): Promise<void> {
  const draft = copySpace(space);
  try {
    await saveSpace(driver, draft);
    Object.assign(space, draft, { loaded: false });
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    await flushSpace(driver, draft);
    forget(space);
    space.ruined = true;
    recorder.space(space.id, 'ruined', `it could not be saved (${error.code}) when another needed the TPM`);
  }
}
