import { DecodeError, type FieldSeen, getU32, hex } from '../../bytes/index.ts';
import { codeOf, hasTpmHeader, rcOf, TPM_HEADER_BYTES } from '../../spec/index.ts';
import { commands, decodeCommand, decodeResponse, otherCommands } from '../../tpm/index.ts';
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
  /** Of a message of TPM 1.2. */
  readonly tpm?: '1.2';
  /** `TPM2_RSA_Decrypt`; of a response whose command is not known, nothing. */
  readonly name: string | undefined;
  readonly code: number | undefined;
  /** Of a response. */
  readonly rc?: { readonly code: number; readonly text: string };
  /** In the order of the bytes; a field that holds others stands before them. */
  readonly fields: readonly InspectedField[];
  /** What could not be decoded, and why. */
  readonly fault?: string;
  /** What is worth knowing and no fault. */
  readonly remarks?: readonly string[];
}

/**
 * Takes a command apart. Never fails: what cannot be decoded is said. `anyTpm`: what this simulator's TPM would refuse and another may
 * take is a remark and no fault.
 */
export function inspectCommand(bytes: Uint8Array, anyTpm = false): Inspected {
  const code = hasTpmHeader(bytes) ? codeOf(bytes) : undefined;
  const { fields, said } = collect(anyTpm, (onField, onRefusal) => decodeCommand(bytes, onField, onRefusal));
  return { kind: 'command', name: nameOf(code), code, fields: completed(bytes, fields, 'authorizationSize', 'parameters'), ...said };
}

/** Takes a response apart; `code` is the command's that it answers, as far as that is known. */
export function inspectResponse(bytes: Uint8Array, code?: number, anyTpm = false): Inspected {
  const rc = hasTpmHeader(bytes) ? rcOf(bytes) : undefined;
  const { fields, said } = collect(anyTpm, (onField, onRefusal) => decodeResponse(code ?? 0, bytes, onField, onRefusal));
  const answer = rc === undefined ? {} : { rc: { code: rc, text: explainRc(rc).text } };
  return {
    kind: 'response',
    name: nameOf(code),
    code,
    ...answer,
    fields: completed(bytes, fields, 'parameterSize', 'parameters'),
    ...said,
  };
}

/** The name of a command's code; a number when the standard has none. */
function nameOf(code: number | undefined): string | undefined {
  if (code === undefined) return undefined;
  const known = commands.get(code) ?? otherCommands.get(code);
  return known?.name ?? (code >>> 29 === 1 ? `vendor command ${hex(code, 8)}` : commandName(code, 8));
}

/** The parts of a message are not named: what is in them is. */
const PART = /^(header|handles|params|returns)\.(?=.)/;

type Said = { readonly fault?: string; readonly remarks?: readonly string[] };
type Collected = { readonly fields: readonly InspectedField[]; readonly said: Said };
type Decode = (onField: (field: FieldSeen) => void, onRefusal?: (what: string) => void) => unknown;

function collect(anyTpm: boolean, decode: Decode): Collected {
  const seen: FieldSeen[] = [];
  const remarks: string[] = [];
  let fault: Said = {};
  try {
    decode(field => seen.push(field), anyTpm ? what => remarks.push(`not in this simulator's TPM: ${what.replace(PART, '')}`) : undefined);
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
  return { fields, said: { ...fault, ...(remarks.length > 0 && { remarks }) } };
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
