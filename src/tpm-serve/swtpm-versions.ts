import { type Difference, versionsOf } from '../sim/index.ts';

/** What versions of swtpm do differently. */
export interface SwtpmBehaviour {
  /** What a TPM that was not shut down is told before it loses power by INIT, STOP or the end of the program. */
  readonly automaticShutdown: 'none' | 'STATE, else CLEAR';
}

const SWTPM_0_8: readonly Difference<SwtpmBehaviour>[] = [
  {
    name: 'automatic-shutdown',
    about: 'before the TPM loses power by INIT, STOP or the end of swtpm it gets Shutdown(STATE), and Shutdown(CLEAR) if it refuses that',
    source: 'stefanberger/swtpm src/swtpm/tpmlib.c tpmlib_MaybeSendTPM2Shutdown',
    shownBy: 'test/tpm-serve/generations.test.ts',
    set: { automaticShutdown: 'STATE, else CLEAR' },
  },
];

export const SWTPM_VERSIONS = versionsOf<SwtpmBehaviour>(
  { version: '0.7.1', behaviour: { automaticShutdown: 'none' } },
  { version: '0.10.2', differences: SWTPM_0_8 },
);
