import { setU32 } from '../bytes/index.ts';
import { withTpmHeader } from '../spec/index.ts';
import { TPM_ST } from '../tpm/wire/index.ts';

/** A command or response without sessions; `body` is bytes or 32-bit words. */
export const message = (code: number, body: Uint8Array | readonly number[] = []): Uint8Array =>
  withTpmHeader(TPM_ST.NO_SESSIONS, code, body instanceof Uint8Array ? body : words(body));

/** 32-bit words one after the other. */
export function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  for (const [i, value] of values.entries()) setU32(bytes, i * 4, value);
  return bytes;
}
