import { createServer, type Socket } from 'node:net';
import type { Address } from '../../protocols/index.ts';
import { listen } from '../../protocols/index.ts';
import type { TpmChip } from '../chip.ts';
import { serveConnection } from './connection.ts';

export interface ServeOptions {
  /** Connections at the same time; one more is closed at once. Default: 256. */
  readonly mostConnections?: number;
  /** Told what happens, in a line. */
  readonly onLine?: (line: string) => void;
  /** What the kernel logged last, and no client was told of yet: why a system call failed. */
  readonly reason?: () => string | undefined;
}

export interface ResourceManagerServer {
  /** Where it listens: the port that was taken for port 0. */
  readonly address: Address;
  readonly connections: number;
  /** Ends all connections, waits for the commands under way, flushes the sessions of the spaces. */
  close(): Promise<void>;
}

/**
 * Serves a TPM as /dev/tpmrm0: each connection is a space, as each open of the device is. Commands and responses go as they are.
 * @throws {SimulatorError} `tpmrm.listen`.
 */
export async function serveResourceManager(chip: TpmChip, address: Address, options: ServeOptions = {}): Promise<ResourceManagerServer> {
  const { mostConnections = 256, onLine = () => {}, reason = () => undefined } = options;
  const open = new Map<Socket, Promise<void>>();
  let count = 0;

  async function serve(socket: Socket, name: string): Promise<void> {
    const opened = await chip.open('/dev/tpmrm0');
    if (!('value' in opened)) {
      socket.destroy();
      onLine(`${name}: refused, open gave ${'errno' in opened ? opened.errno : 'no result'}`);
      return;
    }
    onLine(`${name}: opened`);
    const why = await serveConnection(socket, opened.value);
    const kernel = why.endsWith(' gave EFAULT') ? reason() : undefined;
    onLine(`${name}: ended: ${why}${kernel === undefined ? '' : `: ${kernel}`}`);
  }

  const server = createServer({ noDelay: true, keepAlive: true }, socket => {
    const name = `connection ${++count}`;
    socket.on('error', () => {}); // whoever serves it notices
    if (open.size >= mostConnections) {
      onLine(`${name}: refused, ${mostConnections} are open`);
      socket.destroy();
      return;
    }
    open.set(
      socket,
      serve(socket, name).finally(() => open.delete(socket)),
    );
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
