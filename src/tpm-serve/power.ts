import type { Tpm } from '../tpm/index.ts';
import type { SwtpmBehaviour } from './swtpm-versions.ts';

const STARTUP = 0x144;
const SHUTDOWN = 0x145;
const command = (code: number, type: number): Uint8Array => Uint8Array.of(0x80, 0x01, 0, 0, 0, 12, 0, 0, code >> 8, code & 0xff, 0, type);

export const startupCommand = (kind: 'clear' | 'state'): Uint8Array => command(STARTUP, kind === 'clear' ? 0 : 1);

/**
 * What swtpm tells a TPM that loses power and was not shut down.
 * @param last code of the command before: swtpm looks at it alone, not at what the TPM holds for orderly
 */
export function announceLoss(tpm: Tpm, how: SwtpmBehaviour['automaticShutdown'], last: number): void {
  if (how === 'none' || !tpm.started || last === SHUTDOWN) return;
  const refused = (response: Uint8Array): boolean => (response[8] ?? 0) !== 0 || (response[9] ?? 0) !== 0;
  if (refused(tpm.execute(command(SHUTDOWN, 1)))) tpm.execute(command(SHUTDOWN, 0));
}

/** The host goes down in order: a TPM that was not told so is told with TPM2_Shutdown(CLEAR), and loses power. */
export function powerDown(tpm: Tpm): void {
  if (tpm.started && !tpm.orderly) tpm.execute(command(SHUTDOWN, 0));
  tpm.powerOff();
}
