import { DecodeError, type FieldSeen, getU32 } from '../../bytes/index.ts';
import { codeOf, hasTpmHeader, rcOf, TPM_HEADER_BYTES } from '../../spec/index.ts';
import { commands, decodeCommand, decodeResponse } from '../../tpm/index.ts';
import { commandName, explainRc } from '../../tpm/wire/index.ts';
import { depthOf } from './field-path.ts';

/** A field of a message: its name, its type, where it stands, and its value as a person reads it. */
export interface InspectedField {
  readonly path: string;
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  /** Absent for a field that consists of others. */
  readonly text?: string;
}

/** A TPM command or response, taken apart. */
export interface Inspected {
  readonly kind: 'command' | 'response';
  /** `TPM2_RSA_Decrypt`; of a response whose command is not known, nothing. */
  readonly name: string | undefined;
  readonly code: number | undefined;
  /** Of a response. */
  readonly rc?: { readonly code: number; readonly text: string };
  /** In the order of the bytes; a field that holds others stands before them. */
  readonly fields: readonly InspectedField[];
  /** What could not be decoded, and why. */
  readonly fault?: string;
}

/** Takes a command apart. Never fails: what cannot be decoded is said. */
export function inspectCommand(bytes: Uint8Array): Inspected {
  const code = hasTpmHeader(bytes) ? codeOf(bytes) : undefined;
  const { fields, fault } = collect(onField => decodeCommand(bytes, onField));
  return { kind: 'command', name: nameOf(code), code, fields: completed(bytes, fields, 'authorizationSize', 'parameters'), ...fault };
}

/** Takes a response apart; `code` is the command's that it answers, as far as that is known. */
export function inspectResponse(bytes: Uint8Array, code?: number): Inspected {
  const rc = hasTpmHeader(bytes) ? rcOf(bytes) : undefined;
  const { fields, fault } = collect(onField => decodeResponse(code ?? 0, bytes, onField));
  const said = rc === undefined ? {} : { rc: { code: rc, text: explainRc(rc).text } };
  return { kind: 'response', name: nameOf(code), code, ...said, fields: completed(bytes, fields, 'parameterSize', 'parameters'), ...fault };
}

/** The name of a command's code; a number when the standard has none. */
const nameOf = (code: number | undefined): string | undefined =>
  code === undefined ? undefined : (commands.get(code)?.name ?? commandName(code, 8));

/** The parts of a message are not named: what is in them is. */
const PART = /^(header|handles|params|returns)\.(?=.)/;

type Collected = { readonly fields: readonly InspectedField[]; readonly fault: { readonly fault?: string } };

function collect(decode: (onField: (field: FieldSeen) => void) => unknown): Collected {
  const seen: FieldSeen[] = [];
  let fault: { readonly fault?: string } = {};
  try {
    decode(field => seen.push(field));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    fault = { fault: error.message.replace(PART, '') };
  }
  const fields = seen
    .filter(({ path }) => path !== 'header')
    .map(({ path, type, offset, length, text }) => ({
      path: path.replace(PART, ''),
      type,
      offset,
      length,
      ...(text === undefined ? {} : { text }),
    }));
  return { fields, fault };
}

/** With a field for the bytes that none was told of: the size in front of sessions or parameters, and what is left at the end. */
function completed(bytes: Uint8Array, fields: readonly InspectedField[], size: string, left: string): readonly InspectedField[] {
  // Inner fields are told before the one that holds them; a reader wants it the other way round.
  const sorted = [...fields].sort((a, b) => a.offset - b.offset || depthOf(a.path) - depthOf(b.path));
  const whole: InspectedField[] = [];
  let end = 0;
  for (const field of sorted) {
    if (field.offset === end + 4 && bytes.length >= field.offset) whole.push(sizeField(bytes, size, end));
    whole.push(field);
    end = Math.max(end, field.offset + field.length);
  }
  if (end < bytes.length && end >= TPM_HEADER_BYTES) whole.push({ path: left, type: 'bytes', offset: end, length: bytes.length - end });
  return whole;
}

const sizeField = (bytes: Uint8Array, path: string, offset: number): InspectedField => {
  const value = getU32(bytes, offset);
  return { path, type: 'UINT32', offset, length: 4, text: String(value) };
};
