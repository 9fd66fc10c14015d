import { hex } from '../../bytes/index.ts';

/** TCG TSS 2.0 Overview and Common Structures §3: which layer of the software stack gives a code, by bits 16 to 23. */
const LAYERS: Readonly<Record<number, { readonly name: string; readonly about: string }>> = {
  6: { name: 'FAPI', about: 'the Feature API' },
  7: { name: 'ESYS', about: 'the Enhanced System API' },
  8: { name: 'SYS', about: 'the System API' },
  9: { name: 'MU', about: 'marshaling' },
  10: { name: 'TCTI', about: 'the way to the TPM (TCTI)' },
  11: { name: 'RESMGR', about: 'the resource manager' },
};

/** Codes that all layers share, from 1 on. */
const CODES: readonly (readonly [name: string, meaning: string])[] = [
  ['GENERAL_FAILURE', 'something failed for which there is no other code'],
  ['NOT_IMPLEMENTED', 'this function is not there'],
  ['BAD_CONTEXT', 'the context is none of this layer, or damaged'],
  ['ABI_MISMATCH', 'program and library are of different versions'],
  ['BAD_REFERENCE', 'a pointer that must not be NULL is NULL'],
  ['INSUFFICIENT_BUFFER', 'a buffer is too small for what goes into it'],
  ['BAD_SEQUENCE', 'the function may not be called now: another one has to come before it'],
  ['NO_CONNECTION', 'there is no connection to the TPM: is it there, is its server running, may this user open it?'],
  ['TRY_AGAIN', 'there is no answer yet'],
  ['IO_ERROR', 'reading or writing failed on the way to the TPM: its server ended the connection, or the device is busy or gone'],
  ['BAD_VALUE', 'a parameter has a value that is not allowed'],
  ['NOT_PERMITTED', 'the operation is not permitted'],
  ['INVALID_SESSIONS', 'the number of sessions does not fit the command'],
  ['NO_DECRYPT_PARAM', 'the command has no parameter that a session could encrypt'],
  ['NO_ENCRYPT_PARAM', 'the response has no parameter that a session could encrypt'],
  ['BAD_SIZE', 'a size field contradicts its contents'],
  ['MALFORMED_RESPONSE', 'the response cannot be read'],
  ['INSUFFICIENT_CONTEXT', 'the context is too small'],
  ['INSUFFICIENT_RESPONSE', 'the response is shorter than it says: something else than a TPM answered, or the connection broke'],
  ['INCOMPATIBLE_TCTI', 'the TCTI has a version that does not fit'],
  ['NOT_SUPPORTED', 'the function is not supported'],
  ['BAD_TCTI_STRUCTURE', 'the TCTI context is damaged'],
  ['MEMORY', 'there is not enough memory'],
  ['BAD_TR', 'an ESYS_TR names no object of this context, or one of a kind that does not fit'],
  ['MULTIPLE_DECRYPT_SESSIONS', 'more than one session has the attribute decrypt'],
  ['MULTIPLE_ENCRYPT_SESSIONS', 'more than one session has the attribute encrypt'],
  ['RSP_AUTH_FAILED', 'the HMAC of a response is wrong: another authorization value or session key, or somebody changed it on the way'],
];

export interface TssCode {
  readonly name: string;
  readonly number: string;
  readonly layer: string;
  readonly meaning: string;
}

/** What a code of the TPM software stack says; nothing for one of the TPM itself. */
export function tssCode(number: number): TssCode | undefined {
  const layer = LAYERS[number >>> 16];
  const code = CODES[(number & 0xffff) - 1];
  if (!layer || !code) return undefined;
  return { name: `TSS2_${layer.name}_RC_${code[0]}`, number: hex(number, 8), layer: layer.about, meaning: code[1] };
}

/** The code of a name such as `TSS2_TCTI_RC_IO_ERROR`. */
export function tssCodeOfName(name: string): TssCode | undefined {
  const [, layerName, codeName] = /^TSS2_([A-Z]+)_RC_([A-Z_]+)$/.exec(name) ?? [];
  const layer = Object.keys(LAYERS).find(key => LAYERS[Number(key)]?.name === layerName);
  const index = CODES.findIndex(([known]) => known === codeName);
  return layer === undefined || index < 0 ? undefined : tssCode(Number(layer) * 0x1_0000 + index + 1);
}
