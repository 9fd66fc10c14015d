import { type Difference, versionsOf } from '../sim/index.ts';

/** What versions of Linux do differently at /dev/tpmrm0 and /dev/tpm0. */
export interface LinuxBehaviour {
  /** Bits of a format-one response code that say what happened: where bit 6 counts, TPM_RC_HANDLE of a parameter is not known as such. */
  readonly rcValueMask: 0xff | 0xbf;
  /** A context whose integrity is wrong: EFAULT and a line in the log, or EINVAL without one. */
  readonly badIntegrity: 'EFAULT' | 'EINVAL';
  readonly pread: 'reads' | 'ESPIPE';
}

const SOURCE = 'Linux drivers/char/tpm/tpm2-space.c';
const SHOWN = 'fixtures/observed/generations/tpmrm-linux-6.12.json';

/** Of Debian 13's kernel on; nothing that a recording shows came between 6.12 and 7.2. */
const LINUX_6_12: readonly Difference<LinuxBehaviour>[] = [
  {
    name: 'lost-sessions-are-forgotten',
    about: 'a session that the TPM does not know any more is forgotten and the command goes on, in place of EFAULT for ever',
    source: `${SOURCE} tpm2_load_context and tpm2_rc_value: commit eb24c9788cd9 (6.10)`,
    shownBy: `${SHOWN} session_foreign_flush`,
    set: { rcValueMask: 0xbf },
  },
  {
    name: 'integrity-is-einval',
    about: 'a context that fails its integrity check is EINVAL without a line in the log',
    source: `${SOURCE} tpm2_load_context: commit eb24c9788cd9 (6.10)`,
    shownBy: `${SHOWN} object_clear`,
    set: { badIntegrity: 'EINVAL' },
  },
  {
    name: 'nonseekable',
    about: 'pread is ESPIPE: opening ends with nonseekable_open',
    source: 'nonseekable_open at the end of tpm_open and tpmrm_open (Linux 6.12)',
    shownBy: `${SHOWN} file_other_calls`,
    set: { pread: 'ESPIPE' },
  },
];

export const LINUX_VERSIONS = versionsOf<LinuxBehaviour>(
  { version: '6.1', behaviour: { rcValueMask: 0xff, badIntegrity: 'EFAULT', pread: 'reads' } },
  { version: '6.12', differences: LINUX_6_12 },
  { version: '7.2', differences: [] },
);
