import { type AnyCodec, DecodeError, type FieldSeen, hex, Reader, readField, sized, UINT32 } from '../../bytes/index.ts';
import {
  COMMAND_HEADER,
  explainRc,
  RESPONSE_HEADER,
  TPM_CC,
  TPMA_SESSION,
  TPMS_AUTH_COMMAND,
  TPMS_AUTH_RESPONSE,
} from '../../tpm/wire/index.ts';
import { type DeclaredCommand, declaredCommand } from './commands.ts';

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

const SESSIONS = 0x8002;
const NO_BYTES = sized('TPM2B, encrypted');

/** Takes a command apart. Never fails: what cannot be decoded is said. */
export function inspectCommand(bytes: Uint8Array): Inspected {
  const code = bytes.length >= 10 ? word(bytes, 6) : undefined;
  const declared = code === undefined ? undefined : declaredCommand(code);
  const name = declared?.name ?? (code === undefined ? undefined : nameOfCode(code));
  return { kind: 'command', name, code, ...collect(bytes, reader => readCommand(reader, declared)) };
}

/** Takes a response apart; `code` is the command's that it answers, as far as that is known. */
export function inspectResponse(bytes: Uint8Array, code?: number): Inspected {
  const declared = code === undefined ? undefined : declaredCommand(code);
  const name = declared?.name ?? (code === undefined ? undefined : nameOfCode(code));
  const rc = bytes.length >= 10 ? word(bytes, 6) : undefined;
  const said = rc === undefined ? {} : { rc: { code: rc, text: explainRc(rc).text } };
  return { kind: 'response', name, code, ...said, ...collect(bytes, reader => readResponse(reader, declared)) };
}

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(TPM_CC).map(([name, code]) => [code as number, `TPM2_${name}`]));
/** The name of a command's code; a number when the standard has none. */
export const nameOfCode = (code: number): string => NAMES.get(code) ?? hex(code, 8);

function readCommand(reader: Reader, declared: DeclaredCommand | undefined): void {
  const { tag } = COMMAND_HEADER.read(reader);
  if (declared) for (const [name, codec] of Object.entries(declared.handles)) readField(reader, name, codec);
  else if (tag === SESSIONS) {
    rest(reader, 'handles, authorizations and parameters');
    return;
  }
  let encrypted = false;
  if (tag === SESSIONS) {
    const size = readField(reader, 'authorizationSize', UINT32);
    reader.within(size, () => {
      reader.at('authorizations', () => {
        for (let i = 0; reader.remaining > 0; i++) {
          const { sessionAttributes } = readField(reader, i, TPMS_AUTH_COMMAND);
          if (sessionAttributes & TPMA_SESSION.bit.decrypt) encrypted = true;
        }
      });
    });
  }
  readParameters(reader, declared?.params, encrypted);
  if (reader.remaining > 0) rest(reader, declared ? 'left over' : 'parameters');
}

function readResponse(reader: Reader, declared: DeclaredCommand | undefined): void {
  const { tag, responseCode } = RESPONSE_HEADER.read(reader);
  if (responseCode !== 0 || !declared) {
    rest(reader, responseCode !== 0 ? 'left over' : 'handles, parameters and authorizations');
    return;
  }
  if (declared.returnsHandle !== undefined) readField(reader, declared.returnsHandle, HANDLE);
  if (tag !== SESSIONS) {
    readParameters(reader, declared.returns, false);
    rest(reader, 'left over');
    return;
  }
  const size = readField(reader, 'parameterSize', UINT32);
  const encrypted = isResponseEncrypted(reader.bytes.subarray(reader.offset + size));
  reader.within(size, () => {
    readParameters(reader, declared.returns, encrypted);
    rest(reader, 'left over');
  });
  reader.at('authorizations', () => {
    for (let i = 0; reader.remaining > 0; i++) readField(reader, i, TPMS_AUTH_RESPONSE);
  });
}

const HANDLE: AnyCodec = { ...UINT32, name: 'TPM_HANDLE', show: (value: number) => hex(value, 8) };

function readParameters(reader: Reader, params: Readonly<Record<string, AnyCodec>> | undefined, encrypted: boolean): void {
  Object.entries(params ?? {}).forEach(([name, codec], i) => {
    readField(reader, name, encrypted && i === 0 ? NO_BYTES : codec);
  });
}

/** Whether one of the sessions behind the parameters encrypts the first of them. */
function isResponseEncrypted(bytes: Uint8Array): boolean {
  try {
    const reader = new Reader(bytes);
    let encrypted = false;
    while (reader.remaining > 0) if (TPMS_AUTH_RESPONSE.read(reader).sessionAttributes & TPMA_SESSION.bit.encrypt) encrypted = true;
    return encrypted;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

/** What is left, as it is. */
function rest(reader: Reader, name: string): void {
  if (reader.remaining > 0) readField(reader, name, { ...NO_BYTES, name: 'bytes', read: inner => inner.rest() });
}

function collect(
  bytes: Uint8Array,
  read: (reader: Reader) => void,
): { readonly fields: readonly InspectedField[]; readonly fault?: string } {
  const seen: FieldSeen[] = [];
  let fault: { readonly fault?: string } = {};
  try {
    read(new Reader(bytes, field => seen.push(field)));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    fault = { fault: error.message };
  }
  // Inner fields are told before the one that holds them; a reader wants it the other way round.
  const fields = seen
    .map(({ path, type, offset, length, text }) => ({ path, type, offset, length, ...(text === undefined ? {} : { text }) }))
    .sort((a, b) => a.offset - b.offset || depthOf(a.path) - depthOf(b.path));
  return { fields, ...fault };
}

/** How deep a field lies: 0 for `tag`, 2 for `sessions[0].nonce`. */
export const depthOf = (path: string): number => path.split(/\.|(?=\[)/).length - 1;

const word = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
