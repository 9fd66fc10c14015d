import { DecodeError, type FieldSeen, Reader } from '../../bytes/index.ts';
import type { SimEvent } from '../../sim/index.ts';
import { COMMAND_HEADER, RESPONSE_HEADER } from '../../tpm/wire/index.ts';

/** Tells the fields of a TPM command or response. Returns what is wrong with the bytes, if something is. */
export function decodeTpm(
  { kind }: SimEvent<'tpm.command'> | SimEvent<'tpm.response'>,
  bytes: Uint8Array,
  onField: (field: FieldSeen) => void,
): string | undefined {
  try {
    (kind === 'tpm.command' ? COMMAND_HEADER : RESPONSE_HEADER).read(new Reader(bytes, onField));
    return undefined;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return error.message;
  }
}
