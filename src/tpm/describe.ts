import { type FieldSeen, type Fields, Reader, readField, sized, type Value } from '../bytes/index.ts';
import { commands } from './command-table.ts';
import { otherCommands } from './other-commands.ts';
import type { CommandRecord, HandleUse } from './record.ts';
import {
  COMMAND_HEADER,
  has,
  RESPONSE_HEADER,
  TPM_HANDLE,
  TPM_ST,
  TPMA_SESSION,
  TPMS_AUTH_COMMAND,
  TPMS_AUTH_RESPONSE,
} from './wire/index.ts';

export interface DecodedCommand {
  readonly header: Value<typeof COMMAND_HEADER>;
  /** Undefined when this TPM has no such command: then the rest of the bytes is not looked at. */
  readonly command: CommandRecord | undefined;
  readonly handles: Readonly<Record<string, number>>;
  readonly sessions: readonly Value<typeof TPMS_AUTH_COMMAND>[];
  /** By name; an encrypted first parameter is its ciphertext. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The bytes of the parameter area. */
  readonly parameters: Uint8Array;
  /** Whether a session encrypts the first parameter. */
  readonly encrypted: boolean;
}

export interface DecodedResponse {
  readonly header: Value<typeof RESPONSE_HEADER>;
  readonly handle: number | undefined;
  readonly sessions: readonly Value<typeof TPMS_AUTH_RESPONSE>[];
  readonly returns: Readonly<Record<string, unknown>>;
  readonly parameters: Uint8Array;
  readonly encrypted: boolean;
}

type OnField = (field: FieldSeen) => void;
/** Told of what this TPM would refuse and another may take; without it the first such thing ends the decoding. */
type OnRefusal = (what: string) => void;

/**
 * A command as fields; `onField` is told each one. The parts are `header`, `handles`, `sessions`, `params`.
 * @throws {DecodeError} when the bytes are no command of this TPM's table.
 */
export function decodeCommand(bytes: Uint8Array, onField?: OnField, onRefusal?: OnRefusal): DecodedCommand {
  const reader = new Reader(bytes, onField, onRefusal);
  const header = readField(reader, 'header', COMMAND_HEADER);
  const command = commands.get(header.commandCode) ?? (onRefusal && otherCommands.get(header.commandCode));
  if (!command) {
    return { header, command, handles: {}, sessions: [], params: {}, parameters: bytes.slice(reader.offset), encrypted: false };
  }
  const handles: Record<string, number> = {};
  for (const [name, { type }] of Object.entries<HandleUse>(command.handles))
    handles[name] = reader.at('handles', () => readField(reader, name, type));
  const sessions: Value<typeof TPMS_AUTH_COMMAND>[] = [];
  if (header.tag === TPM_ST.SESSIONS) {
    const size = reader.at('authorizationSize', () => reader.u32());
    const end = reader.offset + size;
    while (reader.offset < end) sessions.push(reader.at('sessions', () => readField(reader, sessions.length, TPMS_AUTH_COMMAND)));
    if (reader.offset !== end) reader.fail('size', `authorizationSize is ${size}, the sessions have ${reader.offset - end + size} bytes`);
  }
  const start = reader.offset;
  const encrypted = sessions.some(({ sessionAttributes }) => has(sessionAttributes, TPMA_SESSION.bit.decrypt));
  const params = readAll(reader, 'params', command.params, encrypted);
  return { header, command, handles, sessions, params, parameters: bytes.slice(start, reader.offset), encrypted };
}

/**
 * A response to the command with this code, as fields. Which sessions the command had decides how many the response has;
 * whether they encrypt stands in their attributes, which come last: `encrypted` may be given when it is known.
 * @throws {DecodeError} when the bytes are no response to that command.
 */
export function decodeResponse(code: number, bytes: Uint8Array, onField?: OnField, onRefusal?: OnRefusal): DecodedResponse {
  const reader = new Reader(bytes, onField, onRefusal);
  const header = readField(reader, 'header', RESPONSE_HEADER);
  const command = commands.get(code) ?? (onRefusal && otherCommands.get(code));
  const none = { header, handle: undefined, sessions: [], returns: {}, parameters: bytes.slice(reader.offset), encrypted: false };
  if (header.responseCode !== 0 || !command) return none;
  const name = command.returnsHandle;
  const handle = name === undefined ? undefined : reader.at('handles', () => readField(reader, name, TPM_HANDLE));
  if (header.tag !== TPM_ST.SESSIONS) {
    const start = reader.offset;
    const returns = readAll(reader, 'returns', command.returns, false);
    return { header, handle, sessions: [], returns, parameters: bytes.slice(start, reader.offset), encrypted: false };
  }
  const size = reader.u32();
  const start = reader.offset;
  const encrypted = sessionsOf(bytes.subarray(start + size)).some(({ sessionAttributes }) =>
    has(sessionAttributes, TPMA_SESSION.bit.encrypt),
  );
  const returns = reader.within(size, () => readAll(reader, 'returns', command.returns, encrypted, size));
  const sessions: Value<typeof TPMS_AUTH_RESPONSE>[] = [];
  while (reader.remaining > 0) sessions.push(reader.at('sessions', () => readField(reader, sessions.length, TPMS_AUTH_RESPONSE)));
  return { header, handle, sessions, returns, parameters: bytes.slice(start, start + size), encrypted };
}

function sessionsOf(bytes: Uint8Array): readonly Value<typeof TPMS_AUTH_RESPONSE>[] {
  const reader = new Reader(bytes);
  const sessions: Value<typeof TPMS_AUTH_RESPONSE>[] = [];
  while (reader.remaining > 0) sessions.push(TPMS_AUTH_RESPONSE.read(reader));
  return sessions;
}

/** Fields one by one. A first field that is encrypted is shown as the bytes it is: only its length is in the clear. */
function readAll(reader: Reader, area: string, fields: Fields, encrypted: boolean, bytes?: number): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const end = bytes === undefined ? undefined : reader.offset + bytes;
  for (const [i, [name, codec]] of Object.entries(fields).entries()) {
    values[name] = reader.at(area, () => readField(reader, name, encrypted && i === 0 ? CIPHERTEXT : codec));
  }
  if (end === undefined ? reader.remaining > 0 : reader.offset !== end) reader.fail('trailing', `bytes left over after the ${area}`);
  return values;
}

const CIPHERTEXT = sized('TPM2B (encrypted)');
