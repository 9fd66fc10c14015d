import { type AnyCodec, encode, type Fields, Writer } from '../../../bytes/index.ts';
import type { Direction, Packet } from './message-packet.ts';

const HEADER_SIZE_AT = 2;

/** nonceCaller and nonceTPM share their place in Part 2's structures. */
export const sessionName = (name: string, direction: Direction): string =>
  name === 'nonce' ? (direction === 'tpm-request' ? 'nonceCaller' : 'nonceTPM') : name;

export interface Written {
  readonly bytes: Uint8Array;
  /** Where the contents of the target lie. */
  readonly at: { readonly from: number; readonly to: number } | null;
  readonly names: readonly string[];
}

/** The packet again, with other contents (null: its own) in the place of the target's. */
export function write(packet: Packet, target: string, contents: Uint8Array | null): Written {
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
