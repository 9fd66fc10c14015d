import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode, utf8 } from '../../src/bytes/index.ts';
import { bodyOf, MESSAGES, type MessageName, messageName, PROTOCOL_MAGIC, PROTOCOL_VERSION } from '../../src/own-firmware/protocol.ts';

/** What a stand-in for a firmware is told, and how it says something. */
export interface Wire {
  readonly name: MessageName;
  readonly id: number;
  // biome-ignore lint/suspicious/noExplicitAny: a body of any message.
  readonly body: any;
  say(name: MessageName, body: object, id?: number): void;
  raw(bytes: Uint8Array): void;
  readonly socket: Socket;
}

export const HELLO = { magic: PROTOCOL_MAGIC, version: PROTOCOL_VERSION, secureBase: 0n, securePages: 0, name: utf8('stand-in') };

/** A message as it travels. */
export function frame(name: MessageName, id: number, body: object): Uint8Array {
  const inner = encode(bodyOf(name), body);
  const out = new Uint8Array(9 + inner.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, 5 + inner.length);
  view.setUint8(4, MESSAGES[name].type);
  view.setUint32(5, id);
  out.set(inner, 9);
  return out;
}

/** Listens as a firmware whose every answer is a function's. */
export async function standIn(onMessage: (wire: Wire) => void): Promise<{ readonly place: string; close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-firmware-'));
  const path = join(folder, 'uv.sock');
  const sockets: Socket[] = [];
  const server = createServer(socket => {
    sockets.push(socket);
    socket.on('error', () => {});
    let pending = Buffer.alloc(0);
    socket.on('data', bytes => {
      pending = Buffer.concat([pending, bytes]);
      while (pending.length >= 9 && pending.length >= 4 + pending.readUInt32BE(0)) {
        const end = 4 + pending.readUInt32BE(0);
        const name = messageName(pending[4] ?? 0);
        const id = pending.readUInt32BE(5);
        const body = new Uint8Array(pending.subarray(9, end));
        pending = pending.subarray(end);
        if (!name) throw new RangeError('the simulator sent no message');
        const say = (answer: MessageName, said: object, as = id) => void socket.write(frame(answer, as, said));
        onMessage({ name, id, body: decode(bodyOf(name), body), say, raw: said => void socket.write(said), socket });
      }
    });
  });
  await new Promise<void>(resolve => server.listen(path, resolve));
  return {
    place: `unix:${path}`,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whether somebody listens there by now. */
export const answers = (path: string): Promise<boolean> =>
  new Promise(resolve => {
    const probe = connect({ path }, () => {
      probe.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
