import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { concat } from '../bytes/index.ts';

/** What a protocol makes of the bytes that arrived. */
export interface Taken {
  /** Bytes of them that are done with. */
  readonly used: number;
  readonly answer?: Uint8Array;
  /** The connection ends after the answer; why. */
  readonly end?: string;
}

/** One connection's side of a protocol. */
export interface Channel {
  /** The first whole message, or null while there is none. It is never given an empty array. */
  take(received: Uint8Array): Taken | null;
}

/** More than any message has; a client that sends so much without one sends something else. */
const MOST_PENDING = (1 << 20) + 4096;

/**
 * Serves one client until it leaves. No message is taken before the answer to the one before was taken by the client, and others
 * have their turn between two messages: who floods or hangs slows down himself only.
 * @param onSpoke told whenever bytes come.
 * @returns why it ended.
 */
export async function serveStream(socket: Socket, channel: Channel, onSpoke: () => void): Promise<string> {
  let pending: Uint8Array = new Uint8Array(0);
  let why = 'the client closed it';
  const broken = (error: Error) => {
    why = `it broke: ${error.message}`;
  };
  socket.on('error', broken);
  try {
    for await (const chunk of socket as AsyncIterable<Uint8Array>) {
      onSpoke();
      pending = pending.length === 0 ? new Uint8Array(chunk) : concat(pending, chunk);
      while (pending.length > 0) {
        const taken = channel.take(pending);
        if (!taken) break;
        pending = pending.slice(taken.used);
        if (socket.destroyed) return 'the client left before its answer';
        if (taken.end !== undefined) {
          await ended(socket, taken.answer);
          return taken.end;
        }
        if (taken.answer && !socket.write(taken.answer)) await drained(socket);
        if (pending.length > 0) await nextTurn();
      }
      if (pending.length > MOST_PENDING) return 'it sent bytes that begin no message';
    }
    if (pending.length > 0 && why === 'the client closed it') why = `the client closed it within a message, after ${pending.length} bytes`;
  } catch (error) {
    if (!socket.destroyed) throw error;
  } finally {
    socket.destroy();
  }
  return why;
}

const PATIENCE_MS = 1000;

/** The last answer is sent whole; a client that does not take it is not waited for. */
function ended(socket: Socket, answer: Uint8Array | undefined): Promise<void> {
  return new Promise(resolve => {
    socket.setTimeout(PATIENCE_MS, resolve);
    socket.once('close', resolve);
    socket.end(answer ?? new Uint8Array(0), resolve);
  });
}

const drained = (socket: Socket): Promise<void> =>
  new Promise(resolve => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
