import type { Answer, TpmClient } from '../../../tpm/client/index.ts';
import type { Reach, StartedGuest } from '../reach.ts';

export interface ProgramTools {
  /** In a space of its own. */
  readonly client: TpmClient;
  readonly guest: StartedGuest | undefined;
  readonly firmware: Reach['firmware'];
}

/** TPM commands that a root of the host can run beside the Ultravisor's. */
export interface Program {
  /** The word after `program:`. */
  readonly name: string;
  readonly about: string;
  /** What came of it, in a line. */
  run(tools: ProgramTools): Promise<string>;
}

export const outcome = (answer: Answer<unknown>): string => (answer.ok ? 'done' : `refused: ${answer.detail}`);
