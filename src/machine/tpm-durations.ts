import type { Clock } from '../sim/index.ts';
import { codeOf } from '../spec/index.ts';
import { TPM_CC } from '../tpm/wire/index.ts';
import type { Executable } from '../tpmrm/index.ts';

/** Virtual milliseconds of a command on a hardware TPM of that time, in round figures; they only space the events of a trace. */
const DURATION_MS: ReadonlyMap<number, number> = new Map([
  [TPM_CC.CreatePrimary, 1500],
  [TPM_CC.Create, 1000],
  [TPM_CC.Import, 60],
  [TPM_CC.Load, 40],
  [TPM_CC.RSA_Decrypt, 60],
  [TPM_CC.StartAuthSession, 10],
  [TPM_CC.EvictControl, 30],
  [TPM_CC.ObjectChangeAuth, 40],
  [TPM_CC.ContextLoad, 3],
  [TPM_CC.ContextSave, 3],
]);
const OTHER_MS = 2;

/** The TPM, taking virtual time for its commands. */
export function timed<T extends Executable>(tpm: T, clock: Clock): Executable {
  return {
    execute(command) {
      clock.advanceMs(DURATION_MS.get(codeOf(command)) ?? OTHER_MS);
      return tpm.execute(command);
    },
    reset: () => tpm.reset?.(),
  };
}
