import { type AnyCodec, DecodeError, encode, type Fields, sized, UINT16, UINT32, Writer } from '../../bytes/index.ts';
import { type CommandRecord, commands, decodeCommand, decodeResponse } from '../../tpm/index.ts';
import { TPM_ST, TPMS_AUTH_COMMAND, TPMS_AUTH_RESPONSE } from '../../tpm/wire/index.ts';
import type { Point } from './points.ts';

type Direction = Extract<Point, 'tpm-request' | 'tpm-response'>;
type Named = readonly [name: string, codec: AnyCodec, value: unknown];

/** A packet cut into its fields, under the names that Part 3 gives them. */
interface Packet {
  readonly header: readonly Named[];
  readonly handles: readonly Named[];
  /** Null: the packet has no session area. */
  readonly sessions: readonly Named[] | null;
  readonly parameters: readonly Named[];
  readonly direction: Direction;
}

const CIPHERTEXT = sized('TPM2B (encrypted)');
const HEADER_SIZE_AT = 2;

/** One field of a TPM message: its contents (without its own length in front), and the message with others in their place. */
export interface MessageField {
  readonly contents: Uint8Array;
  /** `fixed`: every length that counts the field becomes right again; `kept`: lengths stay as they were, wrong or not. */
  replaced(contents: Uint8Array, sizes: 'fixed' | 'kept'): Uint8Array;
}

/** A field by its name, such as `parameters.cipherText`; null: the message has none, or is no message of this command. */
export function fieldOf(direction: Direction, code: number, bytes: Uint8Array, name: string): MessageField | null {
  const packet = cut(direction, code, bytes);
  if (!packet) return null;
  const target = name.replace(/\.nonce$/, direction === 'tpm-request' ? '.nonceCaller' : '.nonceTPM');
  const found = write(packet, target, null);
  if (!found.at) return null;
  const { from, to } = found.at;
  return {
    contents: bytes.slice(from, to),
    replaced(contents, sizes) {
      if (sizes === 'fixed') return write(packet, target, contents).bytes;
      const out = new Uint8Array(bytes.length - (to - from) + contents.length);
      out.set(bytes.subarray(0, from));
      out.set(contents, from);
      out.set(bytes.subarray(to), from + contents.length);
      return out;
    },
  };
}

/** Names of all fields of a message that hold something. */
export function fieldNames(direction: Direction, code: number, bytes: Uint8Array): readonly string[] {
  const packet = cut(direction, code, bytes);
  return packet ? write(packet, '', null).names : [];
}

/** Names that a message of this command can have, as far as its declaration tells; with no command, those of every message. */
export function possibleFields(direction: Direction, command: CommandRecord | undefined): readonly string[] {
  const request = direction === 'tpm-request';
  const frame = request ? ['tag', 'commandSize', 'commandCode'] : ['tag', 'responseSize', 'responseCode'];
  const session = Object.keys(fieldsOf(request ? TPMS_AUTH_COMMAND : TPMS_AUTH_RESPONSE)).map(name => sessionName(name, direction));
  const area = request ? 'authorizationSize' : 'parameterSize';
  const handles = request ? Object.keys(command?.handles ?? {}) : command?.returnsHandle === undefined ? [] : [command.returnsHandle];
  const parameters = Object.keys((request ? command?.params : command?.returns) ?? {});
  return [
    ...frame,
    area,
    ...handles.map(name => `handles.${name}`),
    ...session.map(name => `sessions[0].${name}`),
    ...parameters.map(name => `parameters.${name}`),
  ];
}

const fieldsOf = ({ shape }: AnyCodec): Fields => (shape.kind === 'struct' ? shape.fields : {});
const sessionName = (name: string, direction: Direction): string =>
  name === 'nonce' ? (direction === 'tpm-request' ? 'nonceCaller' : 'nonceTPM') : name;

function cut(direction: Direction, code: number, bytes: Uint8Array): Packet | null {
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

interface Written {
  readonly bytes: Uint8Array;
  /** Where the contents of the target lie. */
  readonly at: { readonly from: number; readonly to: number } | null;
  readonly names: readonly string[];
}

/** The packet again, with other contents (null: its own) in the place of the target's. */
function write(packet: Packet, target: string, contents: Uint8Array | null): Written {
  const writer = new Writer();
  const names: string[] = [];
  let at: Written['at'] = null;
  const { header, handles, sessions, parameters, direction } = packet;
  for (const [name, codec, value] of header) field(name, codec, value);
  for (const [name, codec, value] of handles) field(`handles.${name}`, codec, value);
  const writeSessions = (): void => {
    for (const [i, codec, value] of sessions ?? []) field(`sessions[${i}]`, codec, value);
  };
  const writeParameters = (): void => {
    for (const [name, codec, value] of parameters) field(`parameters.${name}`, codec, value);
  };
  if (sessions && direction === 'tpm-request') area('authorizationSize', writeSessions);
  if (sessions && direction === 'tpm-response') area('parameterSize', writeParameters);
  else writeParameters();
  if (sessions && direction === 'tpm-response') writeSessions();
  const bytes = writer.done();
  const sizeIsMeant = target === 'commandSize' || target === 'responseSize';
  if (contents && !sizeIsMeant) new DataView(bytes.buffer).setUint32(HEADER_SIZE_AT, bytes.length);
  return { bytes, at, names };

  /** What stands behind its length. */
  function area(name: string, body: () => void): void {
    if (name === target && contents) {
      writer.raw(contents);
      body();
      return;
    }
    const from = writer.length;
    writer.sized(4, body);
    names.push(name);
    if (name === target) at = { from, to: from + 4 };
  }

  function field(path: string, codec: AnyCodec, value: unknown): void {
    const { shape } = codec;
    if (path === target) {
      const lengthBytes = value === null ? 0 : shape.kind === 'sizedOf' ? 2 : shape.kind === 'bytes' ? (shape.width ?? 0) : 0;
      const start = writer.length;
      if (!contents) codec.write(writer, value);
      else if (lengthBytes > 0) writer.sized(lengthBytes as 1 | 2 | 4, () => writer.raw(contents));
      else writer.raw(contents);
      at = { from: Math.min(start + lengthBytes, writer.length), to: writer.length };
      return;
    }
    inside(path, codec, value);
  }

  function inside(path: string, codec: AnyCodec, value: unknown): void {
    const { shape } = codec;
    switch (shape.kind) {
      case 'sizedOf':
        writer.sized(2, () => value !== null && inside(path, shape.inner, value));
        return;
      case 'struct':
        members(path, shape.fields, value as Readonly<Record<string, unknown>>);
        return;
      case 'tagged': {
        const record = value as Readonly<Record<string, unknown>>;
        members(path, { ...shape.head, ...shape.variants[record[shape.tag] as number] }, record);
        return;
      }
      case 'list': {
        const items = value as readonly unknown[];
        // The count of an empty list is as wide as that of any other.
        const width = encode(codec, []).length;
        if (width === 1) writer.u8(items.length);
        else if (width === 2) writer.u16(items.length);
        else writer.u32(items.length);
        items.forEach((item, i) => {
          field(`${path}[${i}]`, shape.item, item);
        });
        return;
      }
      default: {
        const start = writer.length;
        codec.write(writer, value);
        if (writer.length > start) names.push(path);
      }
    }
  }

  function members(path: string, fields: Fields, value: Readonly<Record<string, unknown>>): void {
    for (const [name, codec] of Object.entries(fields)) {
      const own = path.startsWith('sessions[') ? sessionName(name, direction) : name;
      field(`${path}.${own}`, codec, value[name]);
    }
  }
}
