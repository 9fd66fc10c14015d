import { createServer, type Socket } from 'node:net';
import type { Address } from './address.ts';
import { listen } from './listen.ts';
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
  readonly channel: (client: number) => Channel;
  readonly onLine: (line: string) => void;
  /** Connections at the same time. Default: 64. */
  readonly mostConnections?: number;
}

/**
 * Takes connections, any number in turn and many at once. When there are too many, the one that was silent longest has to go: clients
 * that hang keep nobody out.
 * @throws {SimulatorError} `tpmrm.listen`.
 */
export async function listenFor(address: Address, { name, channel, onLine, mostConnections = 64 }: ListenerOptions): Promise<Listener> {
  /** In the order of their last word. */
  const open = new Map<Socket, Promise<void>>();
  let count = 0;

  async function serve(socket: Socket, client: string, made: Channel): Promise<void> {
    onLine(`${client}: connected`);
    onLine(`${client}: ended: ${await serveStream(socket, made, () => spoke(socket))}`);
  }

  function spoke(socket: Socket): void {
    const served = open.get(socket);
    if (!served) return;
    open.delete(socket);
    open.set(socket, served);
  }

  const server = createServer({ noDelay: true, keepAlive: true }, socket => {
    const client = `${name} ${++count}`;
    const [silent] = open.keys();
    if (open.size >= mostConnections && silent) {
      onLine(`${client}: the connection that was silent longest makes room for it`);
      open.delete(silent);
      silent.destroy();
    }
    const served = serve(socket, client, channel(count)).finally(() => open.delete(socket));
    open.set(socket, served);
  });
  const bound = await listen(server, address);
  return {
    address: bound,
    get connections() {
      return open.size;
    },
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      for (const socket of open.keys()) socket.destroy();
      await Promise.allSettled(open.values());
      await closed;
    },
  };
}
