import { type AnyCodec, DecodeError, type Fields, sized, UINT16, UINT32 } from '../../../bytes/index.ts';
import { commands, decodeCommand, decodeResponse } from '../../../tpm/index.ts';
import { TPM_ST, TPMS_AUTH_COMMAND, TPMS_AUTH_RESPONSE } from '../../../tpm/wire/index.ts';
import type { Point } from '../moment.ts';

export type Direction = Extract<Point, 'tpm-request' | 'tpm-response'>;
type Named = readonly [name: string, codec: AnyCodec, value: unknown];

/** A packet cut into its fields, under the names that Part 3 gives them. */
export interface Packet {
  readonly header: readonly Named[];
  readonly handles: readonly Named[];
  /** Null: the packet has no session area. */
  readonly sessions: readonly Named[] | null;
  readonly parameters: readonly Named[];
  readonly direction: Direction;
}

const CIPHERTEXT = sized('TPM2B (encrypted)');

/** Cuts a message into its fields; null: it is none of this command. `code`: of the command that a response answers. */
export function cut(direction: Direction, code: number, bytes: Uint8Array): Packet | null {
  try {
    return direction === 'tpm-request' ? cutCommand(bytes) : cutResponse(code, bytes);
  } catch (error) {
    if (error instanceof DecodeError) return null; // another action has spoilt it
    throw error;
  }
}

const valuesOf = (fields: Fields, values: Readonly<Record<string, unknown>>, encrypted: boolean): readonly Named[] =>
  Object.entries(fields).map(([name, codec], i) => [name, encrypted && i === 0 ? CIPHERTEXT : codec, values[name]]);

function cutCommand(bytes: Uint8Array): Packet {
  const { header, command, handles, sessions, params, encrypted } = decodeCommand(bytes);
  return {
    direction: 'tpm-request',
    header: [
      ['tag', UINT16, header.tag],
      ['commandSize', UINT32, header.commandSize],
      ['commandCode', UINT32, header.commandCode],
    ],
    handles: Object.entries(command?.handles ?? {}).map(([name, { type }]) => [name, type, handles[name]]),
    sessions: header.tag === TPM_ST.SESSIONS && command ? sessions.map((one, i) => [String(i), TPMS_AUTH_COMMAND, one]) : null,
    parameters: valuesOf(command?.params ?? {}, params, encrypted),
  };
}

function cutResponse(code: number, bytes: Uint8Array): Packet {
  const { header, handle, sessions, returns, encrypted } = decodeResponse(code, bytes);
  const command = header.responseCode === 0 ? commands.get(code) : undefined;
  return {
    direction: 'tpm-response',
    header: [
      ['tag', UINT16, header.tag],
      ['responseSize', UINT32, header.responseSize],
      ['responseCode', UINT32, header.responseCode],
    ],
    handles: handle === undefined ? [] : [[command?.returnsHandle ?? '', UINT32, handle]],
    sessions: header.tag === TPM_ST.SESSIONS && command ? sessions.map((one, i) => [String(i), TPMS_AUTH_RESPONSE, one]) : null,
    parameters: valuesOf(command?.returns ?? {}, returns, encrypted),
  };
}
