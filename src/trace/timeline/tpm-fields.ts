import { DecodeError, type FieldSeen } from '../../bytes/index.ts';
import type { SimEvent } from '../../sim/index.ts';

/** Tells every field of a TPM command or response. Returns what is wrong with the bytes, if something is. */
export function decodeTpm(
  _event: SimEvent<'tpm.command'> | SimEvent<'tpm.response'>,
  _bytes: Uint8Array,
  _onField: (field: FieldSeen) => void,
): string | undefined {
  try {
    return undefined;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return error.message;
  }
}
