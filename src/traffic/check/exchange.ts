import { toHex } from '../../bytes/index.ts';
import { commands } from '../../tpm/index.ts';
import type { FoundMessage } from '../conversation.ts';
import { u32 } from '../message.ts';

/** A session as a command or its response shows it. */
export interface ShownSession {
  readonly handle: number;
  readonly nonceCaller: string;
  readonly nonceTPM: string;
  readonly continues: boolean;
}

/** A command with its response, as rules look at it. */
export interface Exchange {
  readonly number: number;
  readonly name: string;
  readonly command: Uint8Array;
  readonly response: Uint8Array;
  readonly rc: number;
  /** Of the handle area, and the one that TPM2_FlushContext has as a parameter. */
  readonly handles: readonly number[];
  readonly sessions: readonly ShownSession[];
}

const CONTINUE_SESSION = 1;

export function exchangeOf(command: FoundMessage, response: FoundMessage): Exchange {
  const { inspected, bytes } = command;
  const name = inspected.name ?? '';
  const declared = commands.get(inspected.code ?? -1);
  const count = name === 'TPM2_FlushContext' ? 1 : Object.keys(declared?.handles ?? {}).length;
  const handles = Array.from({ length: count }, (_, i) => 10 + 4 * i).flatMap(at => (at + 4 <= bytes.length ? [u32(bytes, at)] : []));
  const rc = u32(response.bytes, 6);
  return { number: command.number, name, command: bytes, response: response.bytes, rc, handles, sessions: sessionsOf(command, response) };
}

function sessionsOf(command: FoundMessage, response: FoundMessage): readonly ShownSession[] {
  const field = ({ bytes, inspected }: FoundMessage, path: string): Uint8Array | undefined => {
    const found = inspected.fields.find(candidate => candidate.path === path);
    return found && bytes.subarray(found.offset, found.offset + found.length);
  };
  const text = (bytes: Uint8Array | undefined): string => toHex((bytes ?? new Uint8Array(0)).subarray(2));
  const sessions: ShownSession[] = [];
  for (let i = 0; ; i++) {
    const handle = field(command, `sessions[${i}].sessionHandle`);
    if (!handle) return sessions;
    const attributes = field(command, `sessions[${i}].sessionAttributes`)?.[0] ?? 0;
    sessions.push({
      handle: u32(handle, 0),
      nonceCaller: text(field(command, `sessions[${i}].nonce`)),
      nonceTPM: text(field(response, `sessions[${i}].nonce`)),
      continues: (attributes & CONTINUE_SESSION) !== 0,
    });
  }
}
