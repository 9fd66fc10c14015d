import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { visible } from '../bytes/index.ts';
import { strangerOf } from './strangers.ts';

/** What a protocol makes of the bytes that arrived. */
export interface Taken {
  /** Bytes of them that are done with. */
  readonly used: number;
  readonly answer?: Uint8Array;
  /** The connection ends after the answer; why. Bytes that are no message end it always: nobody can tell where the next would begin. */
  readonly end?: string;
}

/** No message is whole yet; none will be before there are so many bytes. */
export interface Wanting {
  readonly wants: number;
  /** What there is may belong to the message before: nothing is waited for. */
  readonly idle?: boolean;
}

/** One connection's side of a protocol. */
export interface Channel {
  /** The first whole message. It is never given an empty array. */
  take(received: Uint8Array): Taken | Wanting | Promise<Taken>;
}

/** What a message was answered; no bytes while none is whole. */
export const answerOf = (taken: Taken | Wanting): Uint8Array => ('answer' in taken && taken.answer) || new Uint8Array(0);

/** A protocol whose answers are there at once. */
export interface PromptChannel extends Channel {
  take(received: Uint8Array): Taken | Wanting;
}

/** More than any message has; a client that sends so much without one sends something else. */
const MOST_PENDING = (1 << 20) + 4096;

export interface StreamOptions {
  /** Told whenever a message was answered. */
  readonly onSpoke: () => void;
  /** How long a message may take from its first byte to its last, and an answer to be taken. */
  readonly patienceMs: number;
}

/**
 * Serves one client until it leaves. No message is taken before the answer to the one before was taken by the client, and others
 * have their turn between two messages: who floods or hangs slows down himself only.
 * @returns why it ended; a fault of our own with its stack.
 */
export async function serveStream(socket: Socket, channel: Channel, { onSpoke, patienceMs }: StreamOptions): Promise<string> {
  const pending = new Pending();
  let why: string | undefined;
  const end = (reason: string): void => {
    why ??= reason;
    socket.destroy();
  };
  socket.on('error', error => end(`it broke: ${visible(error.message)}`));
  const slow = new Deadline(patienceMs, () => end(`its message was not whole after ${patienceMs / 1000} s`));
  let wanted = 1;
  let idle = false;
  try {
    for await (const chunk of socket as AsyncIterable<Uint8Array>) {
      pending.add(chunk);
      while (pending.length >= wanted && pending.length > 0) {
        const stranger = strangerOf(pending.bytes);
        if (stranger !== null) return `it sent ${stranger}: nobody of this protocol`;
        const taken = await faultless(() => channel.take(pending.bytes));
        if ('wants' in taken) {
          wanted = Math.max(taken.wants, pending.length + 1);
          idle = taken.idle ?? false;
          if (wanted > MOST_PENDING) return `it announced a message of ${wanted} bytes`;
          break;
        }
        wanted = 1;
        idle = false;
        slow.stop();
        pending.drop(taken.used);
        onSpoke();
        if (socket.destroyed) return why ?? 'the client left before its answer';
        if (taken.end !== undefined) {
          await ended(socket, taken.answer);
          return taken.end;
        }
        if (taken.answer && !socket.write(taken.answer)) await drained(socket, patienceMs, end);
        if (pending.length > 0) await nextTurn();
      }
      if (pending.length > 0 && !idle) slow.start();
    }
    if (pending.length > 0) why ??= `the client closed it within a message, after ${pending.length} bytes`;
  } catch (error) {
    if (error instanceof OwnFault) return `svm-sim has a fault of its own: ${error.stack}`;
    // What reading the socket throws when it was closed in the midst of it.
    if (!socket.destroyed) throw error;
  } finally {
    slow.stop();
    socket.destroy();
  }
  return why ?? 'the client closed it';
}

/** A handler threw: the client is not the one to blame. The socket's own errors have another way. */
class OwnFault extends Error {}

async function faultless<T>(body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const fault = new OwnFault();
    fault.stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw fault;
  }
}

/** Bytes that are in no message yet. What comes in pieces is copied once. */
class Pending {
  #bytes = new Uint8Array(4096);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  drop(count: number): void {
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
  }
}

/** Runs from its first start; a second start does not move it. */
class Deadline {
  readonly #ms: number;
  readonly #over: () => void;
  #timer: NodeJS.Timeout | undefined;
  constructor(ms: number, over: () => void) {
    this.#ms = ms;
    this.#over = over;
  }
  start(): void {
    this.#timer ??= setTimeout(this.#over, this.#ms);
  }
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

const FAREWELL_MS = 1000;

/** The last answer is sent whole; a client that does not take it is not waited for. */
function ended(socket: Socket, answer: Uint8Array | undefined): Promise<void> {
  return new Promise(resolve => {
    socket.setTimeout(FAREWELL_MS, resolve);
    socket.once('close', resolve);
    socket.end(answer ?? new Uint8Array(0), resolve);
  });
}

const drained = (socket: Socket, patienceMs: number, end: (why: string) => void): Promise<void> =>
  new Promise(resolve => {
    const slow = new Deadline(patienceMs, () => end(`it did not take its answer within ${patienceMs / 1000} s`));
    const done = () => {
      slow.stop();
      socket.off('drain', done).off('close', done);
      resolve();
    };
    slow.start();
    socket.on('drain', done).on('close', done);
  });
