import { createServer, type Socket } from 'node:net';
import { visible } from '../bytes/index.ts';
import type { Address } from './address.ts';
import { listen } from './listen.ts';
import { peerOf } from './peer.ts';
import { type Channel, serveStream } from './serve-stream.ts';

export interface Listener {
  /** With the port that was taken for port 0. */
  readonly address: Address;
  readonly connections: number;
  close(): Promise<void>;
}

export interface ListenerOptions {
  /** In messages: `data`, `control`. */
  readonly name: string;
  /** A protocol for a new connection; why there is none. `close` is called when the connection has ended. */
  readonly channel: (client: number) => ServedChannel | Promise<ServedChannel | { readonly refused: string }>;
  readonly onLine: (line: string) => void;
  /** Connections at the same time. Default: 64. */
  readonly mostConnections?: number;
  /** How long half a message is waited for. Default: 30 s. */
  readonly patienceMs?: number;
  /** A connection that was silent so long makes room for another when there are too many. Default: 60 s. */
  readonly idleMs?: number;
}

export interface ServedChannel extends Channel {
  close?(): Promise<void>;
}

interface Open {
  readonly socket: Socket;
  /** Who it is, as far as the system tells. */
  readonly peer: string;
  /** It never had an answer, or the last was long ago. */
  idle: boolean;
  /** Runs out when it was silent for long. */
  readonly silence: NodeJS.Timeout;
}

/**
 * Takes connections, any number in turn and many at once. When there are too many, one that never said anything or was silent for long has to
 * go, of whoever has the most of them; when all are at work, the newcomer. Clients that hang keep nobody out, and put nobody out.
 * @throws {SimulatorError} `tpmrm.listen`.
 */
export async function listenFor(address: Address, options: ListenerOptions): Promise<Listener> {
  const { name, channel, onLine, mostConnections = 64, patienceMs = 30_000, idleMs = 60_000 } = options;
  /** In the order of their last word. */
  const open = new Map<Open, Promise<void>>();
  let count = 0;

  async function serve(one: Open, client: string): Promise<void> {
    const made = await channel(count);
    if ('refused' in made) {
      one.socket.destroy();
      onLine(`${client}: refused, ${made.refused}`);
      return;
    }
    try {
      onLine(`${client}: connected`);
      const why = await serveStream(one.socket, made, { onSpoke: () => spoke(one), patienceMs });
      onLine(`${client}: ended: ${why}`);
    } finally {
      await made.close?.();
    }
  }

  function spoke(one: Open): void {
    const served = open.get(one);
    if (!served) return;
    one.idle = false;
    one.silence.refresh();
    open.delete(one);
    open.set(one, served);
  }

  /** Who is the first to go. */
  function victim(): Open | undefined {
    const all = [...open.keys()];
    const counts = new Map<string, number>();
    for (const { peer } of all) counts.set(peer, (counts.get(peer) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const idle = all.filter(one => one.idle);
    return idle.find(({ peer }) => counts.get(peer) === most) ?? idle[0];
  }

  const server = createServer({ noDelay: true, keepAlive: true }, socket => {
    const client = `${name} ${++count}`;
    socket.on('error', () => {}); // whoever serves it notices
    if (open.size >= mostConnections) {
      const out = victim();
      if (!out) {
        onLine(`${client}: refused, ${mostConnections} are open and at work`);
        socket.destroy();
        return;
      }
      onLine(`${client}: there are ${mostConnections} connections; one of ${out.peer} that is silent makes room for it`);
      open.delete(out);
      out.socket.destroy();
    }
    const one: Open = {
      socket,
      peer: peerOf(socket),
      idle: true,
      silence: setTimeout(() => {
        one.idle = true;
      }, idleMs).unref(),
    };
    const served = serve(one, client)
      .catch((error: unknown) =>
        onLine(`${client}: svm-sim has a fault of its own: ${error instanceof Error ? error.stack : visible(String(error))}`),
      )
      .finally(() => {
        clearTimeout(one.silence);
        open.delete(one);
      });
    open.set(one, served);
  });
  const bound = await listen(server, address);
  return {
    address: bound,
    get connections() {
      return open.size;
    },
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      for (const { socket } of open.keys()) socket.destroy();
      await Promise.allSettled(open.values());
      await closed;
    },
  };
}
