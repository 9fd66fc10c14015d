import { DecodeError, type FieldSeen } from '../../bytes/index.ts';
import type { SimEvent } from '../../sim/index.ts';
import { decodeCommand, decodeResponse } from '../../tpm/index.ts';

/** Tells the fields of a TPM command or response. Returns what is wrong with the bytes, if something is. */
export function decodeTpm(
  { kind, data }: SimEvent<'tpm.command'> | SimEvent<'tpm.response'>,
  bytes: Uint8Array,
  onField: (field: FieldSeen) => void,
): string | undefined {
  try {
    if (kind === 'tpm.command') decodeCommand(bytes, onField);
    else decodeResponse(data.code, bytes, onField);
    return undefined;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return error.message;
  }
}
