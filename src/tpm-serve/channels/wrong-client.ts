import { getU32 } from '../../bytes/index.ts';
import { TPM_ST } from '../../tpm/wire/index.ts';

/** Whether bytes begin like a TPM command: its tag, and the upper half of a size. */
export const beginsTpmCommand = (received: Uint8Array): boolean =>
  received.length >= 4 &&
  (getU32(received, 0) === (TPM_ST.NO_SESSIONS << 16) >>> 0 || getU32(received, 0) === (TPM_ST.SESSIONS << 16) >>> 0);

/** Requests of swtpm's control channel and of the simulator are small numbers; a TPM command begins with none. */
export const beginsRequest = (received: Uint8Array): boolean =>
  received.length >= 4 && getU32(received, 0) > 0 && getU32(received, 0) < 0x20;
