import type { AnyCodec, Fields } from '../../../bytes/index.ts';
import type { CommandRecord } from '../../../tpm/index.ts';
import { TPMS_AUTH_COMMAND, TPMS_AUTH_RESPONSE } from '../../../tpm/wire/index.ts';
import { cut, type Direction } from './message-packet.ts';
import { sessionName, write } from './message-writer.ts';

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
