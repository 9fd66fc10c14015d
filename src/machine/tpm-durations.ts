import type { Clock } from '../sim/index.ts';
import { codeOf } from '../spec/index.ts';
import type { Executable } from '../tpmrm/index.ts';

/** Virtual milliseconds of a command on a hardware TPM of that time, in round figures; they only space the events of a trace. */
const DURATION_MS: ReadonlyMap<number, number> = new Map([
  [0x131, 1500], // CreatePrimary
  [0x153, 1000], // Create
  [0x156, 60], // Import
  [0x157, 40], // Load
  [0x159, 60], // RSA_Decrypt
  [0x176, 10], // StartAuthSession
  [0x120, 30], // EvictControl
  [0x150, 40], // ObjectChangeAuth
  [0x161, 3], // ContextLoad
  [0x162, 3], // ContextSave
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
